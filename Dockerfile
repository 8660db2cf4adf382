# One target each: operator, ingestion, inference, inference-gpu, inference-openvino.
#   docker build --target inference .
#   docker buildx build --platform linux/amd64,linux/arm64 --target inference .   (not -gpu and -openvino: amd64 only)
# BASE_IMAGE is any image with Python 3.11 or later, its venv module and ca-certificates. The digest is that of the index
# for all architectures; `docker buildx imagetools inspect python:3.13-slim-bookworm` shows the newest.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim-bookworm@sha256:fcbd8dfc2605ba7c2eca646846c5e892b2931e41f6227985154a596f26ab8ed7

FROM ${BASE_IMAGE} AS base
ARG BASE_IMAGE
ARG VERSION=0.1.0
# HOME is for libraries that look for a place of their own: the root file system may be read-only, /tmp is not.
ENV PATH=/opt/darkroom/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.vendor="Darkroom" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
# A number, so that `runAsNonRoot` can be checked; no name is needed.
USER 10001:10001

# The optional secret `ca` is for builds behind a proxy with a certificate authority of its own.
FROM base AS build
USER root
ARG UV_VERSION=0.13.9
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/darkroom \
    UV_PYTHON_DOWNLOADS=never
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check uv==${UV_VERSION}
WORKDIR /src
COPY pyproject.toml uv.lock ./
COPY operator/pyproject.toml operator/
COPY services/cli/pyproject.toml services/cli/
COPY services/core/pyproject.toml services/core/
COPY services/inference/pyproject.toml services/inference/
COPY services/ingestion/pyproject.toml services/ingestion/
COPY services/vision/pyproject.toml services/vision/

# For each service, two stages: its dependencies, and /ours, the few files that our own packages add to them. They
# become two layers of the image, so that a change of our code does not move the dependencies through every registry.

FROM build AS operator-dependencies
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    /opt/uv/bin/uv sync --frozen --no-default-groups --no-install-workspace --package darkroom-operator
FROM operator-dependencies AS operator-ours
COPY services/core services/core
COPY operator operator
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    touch /started && /opt/uv/bin/uv sync --frozen --no-default-groups --no-editable --package darkroom-operator && \
    mkdir /ours && cd / && find opt/darkroom ! -type d -cnewer /started -exec cp -a --parents -t /ours {} +

FROM build AS ingestion-dependencies
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    /opt/uv/bin/uv sync --frozen --no-default-groups --no-install-workspace --package darkroom-ingestion --extra heic --extra opentelemetry --extra postgresql
FROM ingestion-dependencies AS ingestion-ours
COPY services/core services/core
COPY services/vision services/vision
COPY services/ingestion services/ingestion
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    touch /started && /opt/uv/bin/uv sync --frozen --no-default-groups --no-editable --package darkroom-ingestion --extra heic --extra opentelemetry --extra postgresql && \
    mkdir /ours && cd / && find opt/darkroom ! -type d -cnewer /started -exec cp -a --parents -t /ours {} +

FROM build AS inference-dependencies
# heic decodes HEIC images; opentelemetry exports spans; s3 and gs are for models in buckets.
ARG INFERENCE_EXTRAS="heic opentelemetry"
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    /opt/uv/bin/uv sync --frozen --no-default-groups --no-install-workspace --package darkroom-inference $(printf ' --extra %s' $INFERENCE_EXTRAS)
FROM inference-dependencies AS inference-ours
ARG INFERENCE_EXTRAS="heic opentelemetry"
COPY services/core services/core
COPY services/vision services/vision
COPY services/inference services/inference
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    touch /started && /opt/uv/bin/uv sync --frozen --no-default-groups --no-editable --package darkroom-inference $(printf ' --extra %s' $INFERENCE_EXTRAS) && \
    mkdir /ours && cd / && find opt/darkroom ! -type d -cnewer /started -exec cp -a --parents -t /ours {} +

# Other builds of ONNX Runtime take the place of the one in uv.lock: they are the same Python package.
FROM inference-dependencies AS inference-gpu-dependencies
RUN [ "$(dpkg --print-architecture)" = amd64 ] || { echo "inference-gpu is for amd64 only: build inference" >&2; exit 1; }
COPY services/inference/runtimes/gpu.txt /runtime.txt
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    /opt/uv/bin/uv pip uninstall --python /opt/darkroom onnxruntime && \
    /opt/uv/bin/uv pip install --python /opt/darkroom --no-deps --require-hashes -r /runtime.txt

FROM inference-dependencies AS inference-openvino-dependencies
RUN [ "$(dpkg --print-architecture)" = amd64 ] || { echo "inference-openvino is for amd64 only: build inference" >&2; exit 1; }
COPY services/inference/runtimes/openvino.txt /runtime.txt
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    /opt/uv/bin/uv pip uninstall --python /opt/darkroom onnxruntime && \
    /opt/uv/bin/uv pip install --python /opt/darkroom --no-deps --require-hashes -r /runtime.txt

# The SBOM of each image: the Python packages of its environment, and the Debian packages of the base.

FROM operator-ours AS operator-sbom
COPY scripts/sbom scripts/sbom
RUN mkdir -p /sbom/usr/share/sbom && \
    /opt/darkroom/bin/python -m scripts.sbom darkroom-operator --package darkroom-operator > /sbom/usr/share/sbom/darkroom-operator.cdx.json

FROM ingestion-ours AS ingestion-sbom
COPY console/package-lock.json console/
COPY scripts/sbom scripts/sbom
RUN mkdir -p /sbom/usr/share/sbom && \
    /opt/darkroom/bin/python -m scripts.sbom darkroom-ingestion --package darkroom-ingestion --console console/package-lock.json > /sbom/usr/share/sbom/darkroom-ingestion.cdx.json

FROM inference-ours AS inference-sbom
COPY scripts/sbom scripts/sbom
RUN mkdir -p /sbom/usr/share/sbom && \
    /opt/darkroom/bin/python -m scripts.sbom darkroom-inference --package darkroom-inference > /sbom/usr/share/sbom/darkroom-inference.cdx.json

FROM inference-gpu-dependencies AS inference-gpu-sbom
COPY --from=inference-ours /ours /
COPY scripts/sbom scripts/sbom
RUN mkdir -p /sbom/usr/share/sbom && \
    /opt/darkroom/bin/python -m scripts.sbom darkroom-inference-gpu --package darkroom-inference > /sbom/usr/share/sbom/darkroom-inference-gpu.cdx.json

FROM inference-openvino-dependencies AS inference-openvino-sbom
COPY --from=inference-ours /ours /
COPY scripts/sbom scripts/sbom
RUN mkdir -p /sbom/usr/share/sbom && \
    /opt/darkroom/bin/python -m scripts.sbom darkroom-inference-openvino --package darkroom-inference > /sbom/usr/share/sbom/darkroom-inference-openvino.cdx.json

FROM base AS operator
LABEL org.opencontainers.image.title="darkroom-operator" \
      org.opencontainers.image.description="ImagePipelines become topics, credentials and workers" \
      dev.darkroom.sbom="/usr/share/sbom/darkroom-operator.cdx.json"
COPY --from=operator-dependencies /opt/darkroom /opt/darkroom
COPY --from=operator-ours /ours /
COPY --from=operator-sbom /sbom /
ENTRYPOINT ["darkroom-operator"]

FROM base AS ingestion
LABEL org.opencontainers.image.title="darkroom-ingestion" \
      org.opencontainers.image.description="Images in over HTTP, results out" \
      dev.darkroom.sbom="/usr/share/sbom/darkroom-ingestion.cdx.json"
COPY --from=ingestion-dependencies /opt/darkroom /opt/darkroom
COPY --from=ingestion-ours /ours /
COPY --from=ingestion-sbom /sbom /
EXPOSE 8080
ENTRYPOINT ["darkroom-ingestion"]

FROM base AS inference
LABEL org.opencontainers.image.title="darkroom-inference" \
      org.opencontainers.image.description="One worker of one stage: images from a topic, through an ONNX model, into a topic" \
      dev.darkroom.sbom="/usr/share/sbom/darkroom-inference.cdx.json"
COPY --from=inference-dependencies /opt/darkroom /opt/darkroom
COPY --from=inference-ours /ours /
COPY --from=inference-sbom /sbom /
ENTRYPOINT ["darkroom-worker"]

FROM base AS inference-gpu
LABEL org.opencontainers.image.title="darkroom-inference-gpu" \
      org.opencontainers.image.description="One worker of one stage, on an NVIDIA GPU. amd64 only; the node provides the driver" \
      dev.darkroom.sbom="/usr/share/sbom/darkroom-inference-gpu.cdx.json"
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=inference-gpu-dependencies /opt/darkroom /opt/darkroom
COPY --from=inference-ours /ours /
COPY --from=inference-gpu-sbom /sbom /
ENTRYPOINT ["darkroom-worker"]

FROM base AS inference-openvino
LABEL org.opencontainers.image.title="darkroom-inference-openvino" \
      org.opencontainers.image.description="One worker of one stage, with OpenVINO. amd64 only" \
      dev.darkroom.sbom="/usr/share/sbom/darkroom-inference-openvino.cdx.json"
COPY --from=inference-openvino-dependencies /opt/darkroom /opt/darkroom
COPY --from=inference-ours /ours /
COPY --from=inference-openvino-sbom /sbom /
ENTRYPOINT ["darkroom-worker"]
