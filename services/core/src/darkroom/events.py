"""The events that meet in the topics: their types, the data of those that hold JSON, the headers of dead letters."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

RECEIVED: Final = "dev.darkroom.image.received"
ANALYZED: Final = "dev.darkroom.image.analyzed"
FAILED: Final = "dev.darkroom.image.failed"

TARGET_STAGE_HEADER: Final = "darkroom-target-stage"
"""On an image that is meant for one stage alone (a replayed dead letter): the other stages pass it over."""

GENERATION_HEADER: Final = "darkroom-generation"
"""On what a replay publishes: its name, which sets it apart from earlier answers. Obeyed on an image, so that what is
made of a replay's dead letter that was put back is the replay's too."""


class _Data(BaseModel):
    # Consumers must not break when a later version adds a field.
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Source(_Data):
    """Where the image lies in the log."""

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class ModelUsed(_Data):
    """The model that made a result."""

    name: str = Field(description="File name of the model.")
    sha256: str = Field(description="Checksum of the model file.")


class ImageSeen(_Data):
    """The image as it was decoded, before any resizing."""

    width: int = Field(description="Pixels, after the EXIF orientation was obeyed.")
    height: int = Field(description="Pixels, after the EXIF orientation was obeyed.")
    format: str = Field(description="jpeg, png, webp, bmp or tiff.")


class Prediction(_Data):
    """One class that the image may belong to."""

    label: str = Field(description="The class's name; its index in decimal when the pipeline names none.")
    index: int = Field(ge=0, description="The class's place in the model's output.")
    score: float


class Tensor(_Data):
    """The model's output as it is, in row-major order."""

    name: str
    shape: list[int]
    dtype: str = Field(description="ONNX element type in lower case: float32, int64 and so on.")
    data: list[float | int | bool]


class Timings(_Data):
    """Where the worker's time went, in milliseconds."""

    decode_ms: float
    preprocess_ms: float
    inference_ms: float = Field(description="The image's share of its batch.")


class Analyzed(_Data):
    """Data of `dev.darkroom.image.analyzed`.

    It holds one of predictions, embedding and tensor, as the stage's output type says.
    """

    image_id: str
    stage: str
    model: ModelUsed
    image: ImageSeen
    predictions: list[Prediction] | None = Field(None, description="Classification: best first.")
    embedding: list[float] | None = Field(None, description="Embedding: the vector as the model gave it.")
    tensor: Tensor | None = Field(None, description="Tensor: the output as the model gave it.")
    timings: Timings
    source: Source
    generation: str | None = Field(None, description="The replay that made this result; absent in live work.")

    def to_json(self) -> bytes:
        """The event's data: JSON in UTF-8, without the fields that have no value."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class FailureHeaders:
    """Names of the headers that a dead letter has beside those of the image."""

    REASON: Final = "darkroom-error-reason"
    MESSAGE: Final = "darkroom-error-message"
    STAGE: Final = "darkroom-error-stage"
    ATTEMPTS: Final = "darkroom-error-attempts"
    SOURCE_TOPIC: Final = "darkroom-error-source-topic"
    SOURCE_PARTITION: Final = "darkroom-error-source-partition"
    SOURCE_OFFSET: Final = "darkroom-error-source-offset"
    FAILED_AT: Final = "darkroom-error-failed-at"


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON schema of every event whose data is JSON, by its type."""
    return {ANALYZED: Analyzed.model_json_schema(by_alias=True, mode="serialization")}
