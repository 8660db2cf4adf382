"""The events in a pipeline's topics: their types, their JSON data, and the headers of dead letters."""

from typing import Any, Final

from pydantic import Field

from darkroom.schema import TolerantModel

RECEIVED: Final = "dev.darkroom.image.received"
ANALYZED: Final = "dev.darkroom.image.analyzed"
FAILED: Final = "dev.darkroom.image.failed"

TARGET_STAGE_HEADER: Final = "darkroom-target-stage"
"""Header of an image for one stage only, such as a redriven dead letter. Other stages skip it."""

GENERATION_HEADER: Final = "darkroom-generation"
"""Header of all records that a replay publishes: the replay's name. Workers copy it from an image to its result, so
the result of a redriven dead letter belongs to the replay in which the image failed."""


class Source(TolerantModel):
    """Position of the image in the images topic."""

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class ModelUsed(TolerantModel):
    """The model that produced the result."""

    name: str = Field(description="File name of the model.")
    sha256: str = Field(description="Checksum of the model file.")


class ImageSeen(TolerantModel):
    """The decoded image, before resizing."""

    width: int = Field(description="Width in pixels, with the EXIF orientation applied.")
    height: int = Field(description="Height in pixels, with the EXIF orientation applied.")
    format: str = Field(description="jpeg, png, webp, bmp, tiff, gif, avif, heic, jp2 or pnm.")


class Prediction(TolerantModel):
    """One class that the image may belong to."""

    label: str = Field(description="Name of the class. Its index if the pipeline has no labels.")
    index: int = Field(ge=0, description="Index of the class in the model's output.")
    score: float


class Tensor(TolerantModel):
    """The model's raw output, in row-major order."""

    name: str
    shape: list[int]
    dtype: str = Field(description="ONNX element type in lower case, such as float32 or int64.")
    data: list[float | int | bool]


class Timings(TolerantModel):
    """Processing times, in milliseconds."""

    decode_ms: float
    preprocess_ms: float
    inference_ms: float = Field(description="The image's share of its batch.")


class Analyzed(TolerantModel):
    """Data of `dev.darkroom.image.analyzed`.

    It has one of predictions, embedding and tensor, depending on the stage's output type.
    """

    image_id: str
    stage: str
    model: ModelUsed
    image: ImageSeen
    predictions: list[Prediction] | None = Field(None, description="Classification: predictions, best first.")
    embedding: list[float] | None = Field(None, description="Embedding: the model's output vector.")
    tensor: Tensor | None = Field(None, description="Tensor: the model's raw output.")
    timings: Timings
    source: Source
    generation: str | None = Field(
        None, description="Name of the replay that produced the result. Absent if no replay did."
    )

    def to_json(self) -> bytes:
        """The event's data: JSON in UTF-8, without fields that are null."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class FailureHeaders:
    """Names of the headers that a dead letter has in addition to those of the image."""

    REASON: Final = "darkroom-error-reason"
    MESSAGE: Final = "darkroom-error-message"
    STAGE: Final = "darkroom-error-stage"
    ATTEMPTS: Final = "darkroom-error-attempts"
    SOURCE_TOPIC: Final = "darkroom-error-source-topic"
    SOURCE_PARTITION: Final = "darkroom-error-source-partition"
    SOURCE_OFFSET: Final = "darkroom-error-source-offset"
    SOURCE_TIMESTAMP: Final = "darkroom-error-source-timestamp"
    FAILED_AT: Final = "darkroom-error-failed-at"


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON schema of every event type with JSON data."""
    return {ANALYZED: Analyzed.model_json_schema(by_alias=True, mode="serialization")}
