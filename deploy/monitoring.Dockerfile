# The scheduled comparison of what was decided with training: the API's image, and what reads tables and sends alarms.
# Built from the repository's root, after the API's: docker build --file deploy/monitoring.Dockerfile .
ARG BASE_IMAGE=python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b
ARG API_IMAGE=home-credit-api

FROM ${BASE_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/monitoring.txt ./
RUN python3 -m pip install --quiet --no-deps --require-hashes --only-binary :all: --no-compile \
        --target /packages --requirement monitoring.txt \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /packages

FROM ${API_IMAGE}
COPY --from=packages /packages /app/.venv/lib/python3.11/site-packages
HEALTHCHECK NONE
CMD ["sh", "-c", "exec home-credit drift --ledger \"$DATABASE_URL\""]
LABEL org.opencontainers.image.title="home-credit-monitoring" \
      org.opencontainers.image.description="Compares recorded decisions with the statistics of training"
