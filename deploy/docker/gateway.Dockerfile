# The gateway with the built studios: no torch, no model. Build it from the repository's root:
#   docker build -f deploy/docker/gateway.Dockerfile -t atelier/gateway .

ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm
ARG NODE_IMAGE=node:24.11.1-bookworm-slim

# The studios. While the repository has none the folder is empty, and the gateway shows its status
# page. The licence is copied along because COPY wants at least one file.
FROM ${NODE_IMAGE} AS studios
WORKDIR /studios
COPY LICENSE apps/web* ./
RUN if [ -f package.json ]; then npm ci --no-audit --no-fund && npm run build; \
    else mkdir dist; fi

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements/images/gateway.txt /tmp/gateway.txt
RUN /opt/venv/bin/pip install --no-cache-dir --requirement /tmp/gateway.txt

FROM ${PYTHON_IMAGE}
# tini hands signals on from the first moment: Python as process 1 ignores SIGTERM while it imports.
# Its version is the base image's distribution's, which has only one at a time.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 atelier \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp atelier \
    && install --directory --owner=10001 --group=10001 /var/lib/atelier
WORKDIR /opt/atelier
COPY --from=packages /opt/venv /opt/venv
COPY LICENSE NOTICE atelier.toml ./
COPY protos/gen protos/gen
COPY services services
COPY --from=studios /studios/dist apps/web/dist
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/atelier:/opt/atelier/protos/gen \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ATELIER_GATEWAY_HOST=0.0.0.0 \
    ATELIER_JOBS_FOLDER=/var/lib/atelier/jobs
USER 10001:10001
VOLUME /var/lib/atelier
EXPOSE 8080 50050 9400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "services.common.online", "gateway"]
ENTRYPOINT ["/usr/bin/tini", "--", "python", "-m"]
CMD ["services.gateway"]
