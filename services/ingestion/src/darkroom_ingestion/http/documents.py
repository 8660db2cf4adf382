"""The JSON documents of the HTTP interface, as the OpenAPI document describes them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from darkroom.events import Analyzed, Source

_ID = "019a3c5e-7b1d-7c42-9d0e-5a8f3b2c1d4e"
_TOPIC = "demo.digits.images"

State = Literal["Received", "Analyzed", "PartlyFailed", "Failed"]


class _Document(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Accepted(_Document):
    """An image that Kafka has acknowledged."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": _ID, "topic": _TOPIC, "partition": 7, "offset": 42}]}
    )

    id: str = Field(description="The image's id; sorts by time.")
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class AcceptedBatch(_Document):
    """What became of each file of a batch, in their order. With one file, its fields stand at the top as well."""

    images: list[Accepted | dict[str, Any]] = Field(
        description="For each file the image as accepted, or the problem document that says why not (with `file`)."
    )


class ImageLocation(_Document):
    """The image in the log."""

    topic: str
    partition: int
    offset: int
    content_type: str | None = Field(description="Media type; null if only results of the image are left.")
    bytes: int | None = Field(description="Size; null if only results of the image are left.")


class Failure(_Document):
    """A stage that could not analyse the image, and has not since."""

    stage: str
    reason: str = Field(examples=["DecodeError"])
    message: str
    attempts: int
    failed_at: str | None = None
    replayed_at: str | None = Field(None, description="When the image was last put back for this stage.")
    generation: str | None = Field(
        None, description="The replay that failed on the image, which leaves its state as it is; null in live work."
    )


class Image(_Document):
    """One image: what became of it."""

    id: str = Field(examples=[_ID])
    state: State = Field(description="Received until every stage has answered; then Analyzed, PartlyFailed or Failed.")
    key: str | None = Field(description="The ordering key that was given, if any.")
    received_at: str | None = Field(examples=["2026-11-23T12:00:00.000Z"])
    image: ImageLocation | None
    results: list[Analyzed] = Field(description="The newest result of each stage.")
    failures: list[Failure]


class AnalyzedBatch(_Document):
    """The documents of every image of a batch, when its sender waited for them."""

    images: list[Image]


class Result(Analyzed):
    """The data of one analyzed event, and when it was published."""

    analyzed_at: str = Field(examples=["2026-11-23T12:00:00.120Z"])


class ResultsPage(_Document):
    """Results, newest first; of an image that was analysed again, the newest of each stage."""

    results: list[Result]
    next: str | None = Field(description="Give it as `after` for the page of older results; null on the last page.")


class DeadLetter(_Document):
    """An image that a stage could not analyse, and why."""

    id: str = Field(description="The image's id.")
    stage: str
    reason: str = Field(examples=["DecodeError"])
    message: str
    attempts: int
    failed_at: str | None
    replayed_at: str | None = Field(description="When it was put back; null if it was not.")
    generation: str | None = Field(description="The replay that failed on the image; null in live work.")
    partition: int
    offset: int
    content_type: str | None
    bytes: int
    source: Source | None = Field(description="Where the image was in the log.")
    content: str = Field(description="Where the image can be had.")


class DeadLettersPage(_Document):
    """Dead letters, newest first."""

    dead_letters: list[DeadLetter]
    next: str | None = Field(description="Give it as `after` for the page of older ones; null on the last page.")


class ReplayRequest(_Document):
    """Which dead letters of a stage to put back: exactly one of `ids`, `reason`, `all`, or a time (`since`, `until`).

    Those put back before are left out, unless they are named by `ids`.
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
    limit: int = Field(1_000, ge=1, le=1_000, description="Put back at most so many now.")


class Replayed(_Document):
    """What was put back."""

    replayed: int = Field(description="How many are in the images topic again.")
    images: list[Accepted]
    problems: list[dict[str, Any]] = Field(description="A problem document for each that could not be put back.")
    remaining: bool = Field(description="Whether more match: ask again.")


class StageSummary(_Document):
    """One AI stage of a pipeline."""

    name: str
    results_topic: str
    dead_letters_topic: str
    consumer_group: str
    output: str = Field(description="Kind of result.", examples=["Classification"])


class PipelineSummary(_Document):
    """One pipeline that is served."""

    namespace: str
    name: str
    images_topic: str
    max_bytes: int = Field(description="The largest image that is taken.")
    suspended: bool
    stages: list[StageSummary]
    links: dict[str, str] = Field(description="Where its images, results, events and dead letters are.")


class PipelineList(_Document):
    """Every pipeline that is served."""

    pipelines: list[PipelineSummary]


class Check(_Document):
    """One thing that readiness depends on; what is not `required` is told, and holds nothing up."""

    name: str
    ok: bool
    message: str
    required: bool = True


class Health(_Document):
    """Whether the service can do its work."""

    status: Literal["ok", "ready"]
    checks: list[Check]
