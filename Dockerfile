# One target each: operator, ingestion, inference, inference-gpu, inference-openvino.
#   docker build --target inference .
# BASE_IMAGE is any image with Python 3.11 or later, its venv module and ca-certificates.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS base
# HOME is for libraries that look for a place of their own: the root file system may be read-only, /tmp is not.
ENV PATH=/opt/darkroom/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.vendor="Darkroom" \
      org.opencontainers.image.licenses="Apache-2.0"
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
COPY services/inference/runtimes/gpu.txt /runtime.txt
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    /opt/uv/bin/uv pip uninstall --python /opt/darkroom onnxruntime && \
    /opt/uv/bin/uv pip install --python /opt/darkroom --no-deps --require-hashes -r /runtime.txt

FROM inference-dependencies AS inference-openvino-dependencies
COPY services/inference/runtimes/openvino.txt /runtime.txt
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt --mount=type=cache,target=/tmp/.cache/uv \
    /opt/uv/bin/uv pip uninstall --python /opt/darkroom onnxruntime && \
    /opt/uv/bin/uv pip install --python /opt/darkroom --no-deps --require-hashes -r /runtime.txt

FROM base AS operator
LABEL org.opencontainers.image.title="darkroom-operator" \
      org.opencontainers.image.description="ImagePipelines become topics, credentials and workers"
COPY --from=operator-dependencies /opt/darkroom /opt/darkroom
COPY --from=operator-ours /ours /
ENTRYPOINT ["darkroom-operator"]

FROM base AS ingestion
LABEL org.opencontainers.image.title="darkroom-ingestion" \
      org.opencontainers.image.description="Images in over HTTP, results out"
COPY --from=ingestion-dependencies /opt/darkroom /opt/darkroom
COPY --from=ingestion-ours /ours /
EXPOSE 8080
ENTRYPOINT ["darkroom-ingestion"]

FROM base AS inference
LABEL org.opencontainers.image.title="darkroom-inference" \
      org.opencontainers.image.description="One worker of one stage: images from a topic, through an ONNX model, into a topic"
COPY --from=inference-dependencies /opt/darkroom /opt/darkroom
COPY --from=inference-ours /ours /
ENTRYPOINT ["darkroom-worker"]

FROM base AS inference-gpu
LABEL org.opencontainers.image.title="darkroom-inference-gpu" \
      org.opencontainers.image.description="One worker of one stage, on an NVIDIA GPU. amd64 only; the node provides the driver"
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=inference-gpu-dependencies /opt/darkroom /opt/darkroom
COPY --from=inference-ours /ours /
ENTRYPOINT ["darkroom-worker"]

FROM base AS inference-openvino
LABEL org.opencontainers.image.title="darkroom-inference-openvino" \
      org.opencontainers.image.description="One worker of one stage, with OpenVINO. amd64 only"
COPY --from=inference-openvino-dependencies /opt/darkroom /opt/darkroom
COPY --from=inference-ours /ours /
ENTRYPOINT ["darkroom-worker"]
