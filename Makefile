# make up         the whole platform on this machine: API, dashboard, MLflow UI
# make check      lint, types, imports and the unit tests, in about a minute
# make test       everything that must pass (COVERAGE=1: and the coverage; PYTEST: arguments for pytest)
# make test-slow  the tests that are too slow for make test
# make train      train the committed model, on a demo portfolio
# make locks      update the requirements after a change in pyproject.toml (UPGRADE=--upgrade: to newer releases)
# make base       the base of deploy/base/Dockerfile in every Dockerfile
# make images     the three images, and the one of the scheduled monitoring, with docker, podman or buildah (BUILD_ARGS: further arguments of the build)

PYTHON ?= python3
BIN := .venv/bin
DOCKERFILES := api/Dockerfile streamlit_app/Dockerfile mlflow/Dockerfile deploy/monitoring.Dockerfile
PIP := $(BIN)/pip install -qq --disable-pip-version-check --no-deps
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(UPGRADE)

# Dependencies that an image does not import, although its packages require them (docs/decisions/0006-images.md).
NOT_IN_mlflow := narwhals pandas pyarrow scipy scikit-learn joblib threadpoolctl matplotlib contourpy \
	cycler fonttools kiwisolver pillow pyparsing skops prettytable wcwidth docker huey gunicorn
# httpx imports them where they are, for a command line of its own.
NOT_IN_dashboard := rich pygments markdown-it-py mdurl
NOT_IN_monitoring := anyio h11 idna typing-extensions
NOT_IN_build := numpy scipy joblib threadpoolctl narwhals
without = $(addprefix --no-emit-package ,$(NOT_IN_$(1)))

.PHONY: up install check test test-slow unit lint browser train locks base images

up: install
	@exec $(BIN)/home-credit up

install: .venv/.installed

# Two workers on two cores, so libraries use one thread each. LightGBM's number of threads is a parameter of the model;
# its threads must not spin while they wait. The tests of a file run on one worker, with the servers that they share;
# the slowest files run first.
check test test-slow unit: export OMP_WAIT_POLICY := passive
check test test-slow unit: export OMP_NUM_THREADS := 1
check test test-slow unit: export OPENBLAS_NUM_THREADS := 1
WORKERS := --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: lint unit

unit: .venv/.installed-dev
	@$(BIN)/pytest $(WORKERS) -m "not slow and not real_rows" tests/unit

test: .venv/.installed-dev lint browser
	@$(BIN)/pytest $(WORKERS) -m "not slow" --durations 15 $(if $(COVERAGE),--cov --cov-report term) $(PYTEST)

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
	$(BIN)/hadolint $(DOCKERFILES)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

# With its own portfolio, since data/demo may have any size, and a new registry, so that the committed model is the
# first one and hence the champion.
train: .venv/.installed-dev
	rm -rf mlruns data/training
	$(BIN)/home-credit demo --out data/training --applicants 80000 --seed 2018
	$(BIN)/home-credit train --tables data/training --models models
	$(BIN)/home-credit baselines --tables data/training

# dev.txt holds every package; the others are subsets of it, so that the tested versions are the served ones.
locks: .venv/.installed-dev
	$(COMPILE) pyproject.toml --extra dev --output-file requirements/dev.txt
	$(foreach part,api dashboard mlflow deploy up,$(COMPILE) pyproject.toml --extra $(part) --constraint requirements/dev.txt \
		$(call without,$(part)) --output-file requirements/$(part).txt &&) true
	$(foreach part,build store monitoring,$(COMPILE) --group $(part) --constraint requirements/dev.txt \
		$(call without,$(part)) --output-file requirements/$(part).txt &&) true

base: BASE := $(shell sed -n 's/^FROM //p' deploy/base/Dockerfile)
base:
	sed -i 's|^ARG BASE_IMAGE=.*|ARG BASE_IMAGE=$(BASE)|' $(DOCKERFILES)

# The same commit gives the same image: every file has the time of the commit, and bytecode has no time stamps.
images: REVISION := $(shell git rev-parse HEAD 2>/dev/null)
images: CREATED := $(shell git log -1 --format=%cI 2>/dev/null)
images: EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
images:
	@if docker info >/dev/null 2>&1; then build="docker build --build-arg SOURCE_DATE_EPOCH=$(EPOCH)"; \
	elif command -v podman >/dev/null; then build="podman build --format docker --timestamp $(EPOCH)"; \
	elif command -v buildah >/dev/null; then build="buildah build --format docker --timestamp $(EPOCH)"; \
	else echo "Building an image needs docker (running), podman or buildah." >&2; exit 1; fi; \
	for file in $(DOCKERFILES); do \
		name=home-credit-$$(echo $$file | sed 's/streamlit_app/dashboard/; s/^deploy.//; s/.Dockerfile$$//'); \
		echo "Building $$name ..."; \
		$$build $(BUILD_ARGS) --build-arg REVISION=$(REVISION) --build-arg CREATED=$(CREATED) --tag $$name --file $$file . || exit; \
	done

# Locks are complete, hence --no-deps; bytecode is compiled at the first import, which halves the time.
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

# The browser tests are reported as skipped where Chromium cannot be installed.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get -qq update && apt-get -qq install --yes chromium; } >/dev/null 2>&1 </dev/null && exit; \
	fi; \
	echo "No Chromium: the browser tests will be skipped."
