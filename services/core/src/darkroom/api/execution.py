"""`stages[].execution` of an ImagePipeline: the hardware, precision and batch size with which the model runs."""

from typing import Literal

from pydantic import Field

from darkroom.api.quantities import Duration
from darkroom.schema import StrictModel

Provider = Literal["Auto", "Cpu", "Cuda", "OpenVino"]
Precision = Literal["Auto", "Float32", "TensorFloat32", "Bfloat16"]

MAX_IMAGES_PER_RUN = 64
"""No more than a loop takes from Kafka at once."""


class Batch(StrictModel):
    """How many images the model analyses in one run."""

    max: int = Field(
        1,
        ge=1,
        le=MAX_IMAGES_PER_RUN,
        description="Images per run of the model. More than 1 needs a model with an open batch size. It is meant "
        "for GPUs: on CPUs it gains nothing.",
    )
    window: Duration = Field(
        Duration("0ms"),
        description="How long to wait for more images, up to max, while the model is busy with another run: at most "
        "1s. An idle model starts at once.",
        json_schema_extra={"maxLength": 32},  # bounds the cost of its rule
    )


class Execution(StrictModel):
    """How the model runs. A provider that is not available is replaced by the CPU, with a warning."""

    provider: Provider = Field(
        "Auto",
        description="Execution provider of ONNX Runtime. Auto uses CUDA if the worker has a GPU, else OpenVINO if the "
        "worker image has it and it is faster for this model, else the CPU. Cuda requires nvidia.com/gpu in "
        "resources.limits, OpenVino a worker image with OpenVINO.",
    )
    precision: Precision = Field(
        "Auto",
        description="Precision in which float32 models are computed. Auto is TensorFloat32 for Cuda and Float32 for "
        "the others. TensorFloat32 is only for Cuda, Bfloat16 only for OpenVino. Float16 needs a float16 model file.",
    )
    batch: Batch = Field(default_factory=Batch, description="How many images the model analyses in one run.")
