"""Environment variables of workers: plain values and references, and the names that a pipeline may not set."""

import re
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from darkroom.api.quantities import QUANTITY_PATTERN
from darkroom.schema import StrictModel

MAX_VARIABLES: Final = 64
MAX_NAME: Final = 128

PROTECTED: Final = (
    # The dynamic loader and the C library: shared libraries to load.
    "LD_*", "GLIBC_TUNABLES", "GCONV_PATH", "LOCPATH",
    # Python: modules and settings of the interpreter. HOME has the user's site-packages and the AWS configuration.
    "PYTHON*", "HOME",
    # Programs and start files of shells.
    "PATH", "SHELL", "ENV", "IFS", "BASH_*",
    # Plugins of libraries: OpenSSL, SASL, OpenCV, ONNX Runtime, OpenVINO, OpenMP, OpenCL, oneAPI, CUDA.
    "OPENSSL_*", "SASL_PATH", "OPENCV_*", "ORT_*", "OPENVINO_*", "OV_*", "OMP_TOOL*", "OCL_ICD_*", "ZE_*",
    "CUDA_INJECTION*", "CUDA_CACHE_*", "NVTX_INJECTION*",
    # Configuration that may name a program to run for credentials.
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES",
    # A file to write the keys of TLS connections to.
    "SSLKEYLOGFILE",
    # GPUs beyond those in resources.limits.
    "NVIDIA_*",
    # Set by Darkroom.
    "DARKROOM_CACHE_DIR",
)  # fmt: skip
"""Names that load code, start programs, change the loader or reach devices; `*` stands for any rest of a name.

Whoever may write an ImagePipeline and files of a volume or ConfigMap could run code with the stage's Kafka credentials.
Names that only tune, such as OMP_NUM_THREADS and MALLOC_ARENA_MAX, and those of proxies and certificate authorities
are allowed.
"""
PROTECTED_PATTERN: Final = f"^({'|'.join(name[:-1] if name.endswith('*') else f'{name}$' for name in PROTECTED)})"
REFUSAL: Final = (
    "workers must not get environment variables that load code, start programs, reach devices or belong to Darkroom: "
    + ", ".join(PROTECTED)
)


class KeySelector(StrictModel):
    """One key of a Secret or ConfigMap in the pipeline's namespace."""

    name: str = Field(min_length=1, max_length=253, description="Name of the object.")
    key: str = Field(min_length=1, max_length=253, description="Key in the object.")
    optional: bool | None = Field(None, description="Whether the object or the key may be missing.")


class FieldSelector(StrictModel):
    """One field of the pod."""

    field_path: str = Field(min_length=1, max_length=253, description="Path of the field, such as spec.nodeName.")
    api_version: str | None = Field(None, max_length=63, description="Version of the path. Defaults to v1.")


class ResourceSelector(StrictModel):
    """One resource of the worker's container."""

    resource: str = Field(min_length=1, max_length=253, description="Resource, such as limits.cpu.")
    container_name: str | None = Field(None, max_length=63, description="Name of the container. Defaults to worker.")
    divisor: (
        Annotated[str | int | float, WithJsonSchema({"x-kubernetes-int-or-string": True, "pattern": QUANTITY_PATTERN})]
        | None
    ) = Field(None, description="Unit of the value. Defaults to 1.")


class ValueSource(StrictModel):
    """Where the value of a variable comes from."""

    secret_key_ref: KeySelector | None = Field(None, description="Key of a Secret in the pipeline's namespace.")
    config_map_key_ref: KeySelector | None = Field(None, description="Key of a ConfigMap in the pipeline's namespace.")
    field_ref: FieldSelector | None = Field(None, description="Field of the pod.")
    resource_field_ref: ResourceSelector | None = Field(None, description="Resource of the worker's container.")


class Variable(StrictModel):
    """An environment variable of the workers."""

    name: str = Field(min_length=1, max_length=MAX_NAME, description="Name of the variable.")
    value: str | None = Field(None, description="Value of the variable.")
    value_from: ValueSource | None = Field(None, description="Where the value comes from. Alternative to value.")


def is_protected(name: str) -> bool:
    """Whether a pipeline may not set the variable `name`."""
    return re.match(PROTECTED_PATTERN, name) is not None
