"""The JSON documents of the HTTP API. The OpenAPI document is generated from them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from darkroom.events import Analyzed, ModelUsed, Source, Timings
from darkroom_ingestion.images.document import State

_ID = "019a3c5e-7b1d-7c42-9d0e-5a8f3b2c1d4e"
_TOPIC = "demo.digits.images"


class _Document(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Accepted(_Document):
    """An image that Kafka has acknowledged."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": _ID, "topic": _TOPIC, "partition": 7, "offset": 42}]}
    )

    id: str = Field(description="The image's id, a UUID version 7: ids sort by time.")
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class AcceptedBatch(_Document):
    """The outcome for each file of a batch, in order. With one file, its fields are at the top level too."""

    images: list[Accepted | dict[str, Any]] = Field(
        description="For each file the accepted image, or a problem document with the name of the `file`."
    )


class ImageLocation(_Document):
    """The position of an image in the log."""

    topic: str
    partition: int
    offset: int
    content_type: str | None = Field(description="Media type; null if retention has removed the image.")
    bytes: int | None = Field(description="Size; null if retention has removed the image.")


class Failure(_Document):
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


class Image(_Document):
    """One image, with its state and results."""

    id: str = Field(examples=[_ID])
    state: State = Field(
        description="Received until every stage has a result or has failed; then Analyzed, PartlyFailed or Failed."
    )
    key: str | None = Field(description="The ordering key, if one was given.")
    received_at: str | None = Field(examples=["2026-11-23T12:00:00.000Z"])
    image: ImageLocation | None
    results: list[Analyzed] = Field(description="The newest result of each stage.")
    failures: list[Failure]


class TraceStep(_Document):
    """One thing that happened to an image."""

    step: Literal["Received", "Analyzed", "Failed", "Redriven"]
    at: str = Field(examples=["2026-11-23T12:00:00.120Z"])
    after_ms: int | None = Field(description="Milliseconds after it was received; null if retention has removed it.")
    stage: str | None = Field(None, description="The stage; absent for Received.")
    record: Source | None = Field(None, description="Its record in the log; absent for Redriven.")
    source: Source | None = Field(None, description="The record that the stage read.")
    content_type: str | None = Field(None, description="Of Received: the media type.")
    bytes: int | None = Field(None, description="Of Received: the size.")
    summary: str | None = Field(None, description="Of Analyzed: the result in one line.")
    model: ModelUsed | None = Field(None, description="Of Analyzed: the model.")
    timings: Timings | None = Field(None, description="Of Analyzed: the time that each part of the work took.")
    reason: str | None = Field(None, description="Of Failed: why.")
    message: str | None = Field(None, description="Of Failed: details.")
    attempts: int | None = Field(None, description="Of Failed: the number of attempts.")
    generation: str | None = Field(None, description="The replay that it belongs to; null in live work.")


class Trace(_Document):
    """What happened to an image, in order of time."""

    id: str = Field(examples=[_ID])
    state: State
    key: str | None
    steps: list[TraceStep]
    waiting: list[str] = Field(description="The stages that have neither analysed the image nor failed on it.")


class AnalyzedBatch(_Document):
    """The documents of all images of a batch, with `Prefer: wait`."""

    images: list[Image]


class Result(Analyzed):
    """The data of one analyzed event, with its time and summary."""

    analyzed_at: str = Field(examples=["2026-11-23T12:00:00.120Z"])
    summary: str = Field(
        description="The result in one line of at most 500 characters.",
        examples=["3: person 0.91, dog 0.88, dog 0.61", "class map 512x512: road 43 %, car 12 %"],
    )


class ResultsPage(_Document):
    """Results, newest first. If an image was analysed again, only the newest result of each stage."""

    results: list[Result]
    next: str | None = Field(description="Pass as `after` to get older results; null on the last page.")


class DeadLetter(_Document):
    """An image that a stage could not analyse, and why."""

    id: str = Field(description="The image's id.")
    stage: str
    reason: str = Field(examples=["DecodeError"])
    message: str
    attempts: int
    failed_at: str | None
    redriven_at: str | None = Field(description="When it was redriven; null if it was not.")
    replayed_at: str | None = Field(deprecated=True, description="The former name of `redrivenAt`.")
    generation: str | None = Field(description="The replay that failed on the image; null in live work.")
    partition: int
    offset: int
    content_type: str | None
    bytes: int
    source: Source | None = Field(description="The position of the image in the log.")
    content: str = Field(description="The path of the image's bytes.")


class DeadLettersPage(_Document):
    """Dead letters, newest first."""

    dead_letters: list[DeadLetter]
    next: str | None = Field(description="Pass as `after` to get older dead letters; null on the last page.")


class RedriveRequest(_Document):
    """Selects dead letters of a stage by exactly one of `ids`, `reason`, `all`, or a time (`since`, `until`).

    Dead letters that have been redriven are left out, unless `ids` contains them.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"stage": "classify", "reason": "DecodeError"}, {"stage": "classify", "all": True}]
        },
    )

    stage: str = Field(min_length=1, max_length=40)
    ids: list[str] | None = Field(None, min_length=1, max_length=1_000, description="Ids of images.")
    reason: str | None = Field(None, min_length=1, max_length=100)
    since: str | None = Field(None, max_length=40, description="Failed at or after this time (RFC 3339).")
    until: str | None = Field(None, max_length=40, description="Failed before this time (RFC 3339).")
    all: bool = False
    limit: int = Field(1_000, ge=1, le=1_000, description="The maximum number of dead letters to redrive.")


class RedriveResult(_Document):
    """The outcome of a redrive."""

    redriven: int = Field(description="The number of images that were published again.")
    replayed: int = Field(deprecated=True, description="The former name of `redriven`.")
    images: list[Accepted]
    problems: list[dict[str, Any]] = Field(description="A problem document for each dead letter that was not redriven.")
    remaining: bool = Field(description="Whether more dead letters match; send the request again.")


class StageSummary(_Document):
    """One AI stage of a pipeline."""

    name: str
    results_topic: str
    dead_letters_topic: str
    consumer_group: str
    output: str = Field(description="Type of the results.", examples=["Classification"])


class PipelineSummary(_Document):
    """One pipeline that is served."""

    namespace: str
    name: str
    images_topic: str
    max_bytes: int = Field(description="The largest image that is accepted.")
    suspended: bool
    stages: list[StageSummary]
    links: dict[str, str] = Field(description="The paths of its images, results, events and dead letters.")


class PipelineList(_Document):
    """Every pipeline that is served."""

    pipelines: list[PipelineSummary]


class Check(_Document):
    """The state of one dependency. A check that is not `required` does not affect readiness."""

    name: str
    ok: bool
    message: str
    required: bool = True


class Health(_Document):
    """Liveness or readiness."""

    status: Literal["ok", "ready"]
    checks: list[Check]
