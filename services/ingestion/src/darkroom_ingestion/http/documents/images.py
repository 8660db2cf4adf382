"""Images: accepted, and with their state and results."""

from typing import Any

from pydantic import ConfigDict, Field

from darkroom.events import Analyzed
from darkroom_ingestion.http.documents.base import EXAMPLE_ID, Document
from darkroom_ingestion.images.document import State

_TOPIC = "demo.digits.images"


class Accepted(Document):
    """An image that Kafka has acknowledged."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": EXAMPLE_ID, "topic": _TOPIC, "partition": 7, "offset": 42}]}
    )

    id: str = Field(description="The image's id, a UUID version 7: ids sort by time.")
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class AcceptedBatch(Document):
    """The outcome for each file of a batch, in order. With one file, its fields are at the top level too."""

    images: list[Accepted | dict[str, Any]] = Field(
        description="For each file the accepted image, or a problem document with the name of the `file`."
    )


class ImageLocation(Document):
    """The position of an image in the log."""

    topic: str
    partition: int
    offset: int
    content_type: str | None = Field(description="Media type; null if retention has removed the image.")
    bytes: int | None = Field(description="Size; null if retention has removed the image.")


class Failure(Document):
    """Why a stage could not analyse the image."""

    stage: str
    reason: str = Field(examples=["DecodeError"])
    message: str
    attempts: int
    failed_at: str | None = None
    redriven_at: str | None = Field(None, description="When the dead letter was last redriven.")
    replayed_at: str | None = Field(None, deprecated=True, description="The former name of `redrivenAt`.")
    generation: str | None = Field(
        None, description="The replay that failed, which does not change the image's state; null in live work."
    )


class Image(Document):
    """One image, with its state and results."""

    id: str = Field(examples=[EXAMPLE_ID])
    state: State = Field(
        description="Received until every stage has a result or has failed; then Analyzed, PartlyFailed or Failed."
    )
    key: str | None = Field(description="The ordering key, if one was given.")
    received_at: str | None = Field(examples=["2026-11-23T12:00:00.000Z"])
    image: ImageLocation | None
    results: list[Analyzed] = Field(description="The newest result of each stage.")
    failures: list[Failure]


class AnalyzedBatch(Document):
    """The documents of all images of a batch, with `Prefer: wait`."""

    images: list[Image]


class AnalyzeRequest(Document):
    """Which stages are to analyse the image again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"stages": ["classify"]}]})

    stages: list[str] | None = Field(None, min_length=1, max_length=100, description="Names of stages. All if absent.")


class RepublishedRecord(Document):
    """A record of an image that was published again."""

    stage: str | None = Field(description="The only stage that analyses it; null: all.")
    partition: int
    offset: int


class Republished(Accepted):
    """An image that was published again. Its position is that of the first of its new records."""

    generation: str = Field(
        description="The generation of the new results, as of a replay.", examples=["again-20261123-120000-3f2a"]
    )
    records: list[RepublishedRecord]
