# Replicas that render, score and explain: the plain server, or Ray Serve.
#
#   docker build -f docker/serving.Dockerfile -t directrix-serving .
#
# pip's usual index is used, or what a secret says: --secret id=pip,src=/etc/pip.conf
#
# CPU is the default; PyTorch's installation page names the index of its CPU builds:
#   --build-arg TORCH_INDEX=URL
# CUDA, with the libraries that torch brings along (the host needs the driver alone):
#   --build-arg TORCH=torch==2.13.0
ARG BASE_IMAGE=docker.io/library/python:3.12-slim-bookworm
# Where the environment is made: the same Python at the same path, with pip and venv.
ARG BUILD_IMAGE=${BASE_IMAGE}

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
RUN python3 -m venv /opt/directrix
ENV PATH=/opt/directrix/bin:$PATH
# The smaller images' locks are parts of this one: these layers come out of the builder's cache.
COPY docker/gateway.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir --require-hashes -r gateway.lock
ARG TORCH=torch==2.13.0+cpu
ARG TORCH_INDEX=
# The argument names the version.
# hadolint ignore=DL3013
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$TORCH"
COPY docker/worker.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir --require-hashes -r worker.lock
COPY docker/serving.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir --require-hashes -r serving.lock
COPY pyproject.toml README.md LICENSE ./
COPY directrix directrix
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir --no-deps . && pip uninstall -q -y pip setuptools
COPY services /opt/directrix/app/services
COPY docker/health.py deploy/serve.yaml deploy/serve-apart.yaml /opt/directrix/app/
COPY docker/trim.py ./
RUN python trim.py /opt/directrix && python -m compileall -q /opt/directrix/app

FROM ${BASE_IMAGE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="directrix-serving" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp directrix
COPY --from=build /opt/directrix /opt/directrix
# KubeRay starts Ray in a login shell, which sets a PATH of its own.
RUN ln -s /opt/directrix/bin/ray /opt/directrix/bin/serve /usr/local/bin/
ENV PATH=/opt/directrix/bin:$PATH \
    PYTHONPATH=/opt/directrix/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    OMP_NUM_THREADS=1 \
    RAY_USAGE_STATS_ENABLED=0
WORKDIR /opt/directrix/app
USER 10001:10001
EXPOSE 50061
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "health.py", "serving"]
CMD ["python", "-m", "services.serving.server"]
