# The front door: gRPC API, and the `directrix` command. No torch.
#
#   docker build -f docker/gateway.Dockerfile -t directrix-gateway .
#
# pip's usual index is used, or what a secret says: --secret id=pip,src=/etc/pip.conf
ARG BASE_IMAGE=docker.io/library/python:3.12-slim-bookworm
# Where the environment is made: the same Python at the same path, with pip and venv.
ARG BUILD_IMAGE=${BASE_IMAGE}

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
RUN python3 -m venv /opt/directrix
ENV PATH=/opt/directrix/bin:$PATH
COPY docker/gateway.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir --require-hashes -r gateway.lock
COPY pyproject.toml README.md LICENSE ./
COPY directrix directrix
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir --no-deps . && pip uninstall -q -y pip setuptools
COPY services /opt/directrix/app/services
COPY docker/health.py /opt/directrix/app/
COPY docker/trim.py ./
RUN python trim.py /opt/directrix && python -m compileall -q /opt/directrix/app

FROM ${BASE_IMAGE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="directrix-gateway" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp directrix
COPY --from=build /opt/directrix /opt/directrix
ENV PATH=/opt/directrix/bin:$PATH \
    PYTHONPATH=/opt/directrix/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    DIRECTRIX_GATEWAY_PORT=50051
WORKDIR /opt/directrix/app
USER 10001:10001
EXPOSE 50051
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "health.py", "gateway", "liveness"]
CMD ["python", "-m", "services.gateway"]
