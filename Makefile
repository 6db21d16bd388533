# make up         the whole platform on this machine: API, dashboard, MLflow UI
# make check      lint, types, imports and the unit tests: for the minutes between
# make test       everything that must pass (PYTEST: other arguments for pytest, without the coverage)
# make test-slow  the tests that take too long for that
# make train      the committed model again, from a demo portfolio
# make locks      the requirements again, after a change in pyproject.toml (UPGRADE=--upgrade: to newer releases)
# make images     the three images, with docker, podman or buildah, whichever is there (BUILD_ARGS: more for its build)

PYTHON ?= python3
BIN := .venv/bin
IMAGES := api streamlit_app mlflow
PIP := $(BIN)/pip install -qq --disable-pip-version-check --no-deps
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(UPGRADE)

# What an image starts and shows everything without, though its packages name it (docs/decisions/0006-images.md).
NOT_IN_mlflow := narwhals pyarrow scipy scikit-learn joblib threadpoolctl matplotlib contourpy \
	cycler fonttools kiwisolver pillow pyparsing skops prettytable wcwidth docker huey gunicorn
NOT_IN_build := numpy scipy joblib threadpoolctl narwhals
without = $(addprefix --no-emit-package ,$(NOT_IN_$(1)))

.PHONY: up install check test test-slow unit lint browser train locks images

up: install
	@exec $(BIN)/home-credit up

install: .venv/.installed

# Two workers on as many cores: libraries of one thread each, but for LightGBM, whose threads are a parameter of the
# model and would spin while they wait for each other. A file's tests stay together, with the servers that they
# share; the files that take longest come first.
check test test-slow unit: export OMP_WAIT_POLICY := passive
check test test-slow unit: export OMP_NUM_THREADS := 1
check test test-slow unit: export OPENBLAS_NUM_THREADS := 1
WORKERS := --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: lint unit

unit: .venv/.installed-dev
	@$(BIN)/pytest $(WORKERS) -m "not slow" tests/unit

test: .venv/.installed-dev lint browser
	@$(BIN)/pytest $(WORKERS) -m "not slow" --durations 15 $(if $(PYTEST),$(PYTEST),--cov --cov-report term)

test-slow: .venv/.installed-dev browser
	@$(BIN)/pytest $(WORKERS) -m slow --durations 15

lint: .venv/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --quiet --offline --persona pedantic .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/hadolint $(addsuffix /Dockerfile,$(IMAGES))
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

# A portfolio and a registry of their own: what lies in data/demo may be of any size, and the committed model is the
# first and only one of the committed registry, hence its champion.
train: .venv/.installed-dev
	rm -rf mlruns data/training
	$(BIN)/home-credit demo --out data/training --applicants 50000 --seed 2018
	$(BIN)/home-credit train --tables data/training --models models
	$(BIN)/home-credit baselines --tables data/training

# dev.txt holds every package; the others are parts of it, so that what is tested is what is served.
locks: .venv/.installed-dev
	$(COMPILE) pyproject.toml --extra dev --output-file requirements/dev.txt
	$(foreach part,api dashboard mlflow deploy up,$(COMPILE) pyproject.toml --extra $(part) --constraint requirements/dev.txt \
		$(call without,$(part)) --output-file requirements/$(part).txt &&) true
	$(foreach part,build store,$(COMPILE) --group $(part) --constraint requirements/dev.txt \
		$(call without,$(part)) --output-file requirements/$(part).txt &&) true

# The same commit gives the same image: its time is the time of everything in it, bytecode is made from nothing else.
images: REVISION := $(shell git rev-parse HEAD 2>/dev/null)
images: EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
images:
	@if docker info >/dev/null 2>&1; then build="docker build --build-arg SOURCE_DATE_EPOCH=$(EPOCH)"; \
	elif command -v podman >/dev/null; then build="podman build --format docker --timestamp $(EPOCH)"; \
	elif command -v buildah >/dev/null; then build="buildah build --format docker --timestamp $(EPOCH)"; \
	else echo "Building an image needs docker (running), podman or buildah." >&2; exit 1; fi; \
	for folder in $(IMAGES); do \
		name=home-credit-$$(echo $$folder | sed s/streamlit_app/dashboard/); \
		echo "Building $$name ..."; \
		$$build $(BUILD_ARGS) --build-arg REVISION=$(REVISION) --tag $$name --file $$folder/Dockerfile . || exit; \
	done

# Locks are complete, hence --no-deps; bytecode is left to the first import, which halves the time.
define install
	@echo "Installing the locked packages, once; this takes a minute or two ..."
	@$(PIP) --no-compile --require-hashes -r $<
	@$(PIP) --no-build-isolation --editable .
	@touch $@
endef

.venv/.installed: requirements/up.txt pyproject.toml | $(BIN)/python
	$(install)

.venv/.installed-dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(install)
	@touch .venv/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; choose one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

# The browser tests skip, and say so, where there is no Chromium and none can be installed.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get -qq update && apt-get -qq install --yes chromium; } >/dev/null 2>&1 </dev/null && exit; \
	fi; \
	echo "No Chromium: the browser tests will be skipped."
