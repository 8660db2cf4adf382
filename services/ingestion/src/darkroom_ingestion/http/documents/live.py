"""Batches of live events."""

from pydantic import Field

from darkroom.events import Analyzed
from darkroom_ingestion.http.documents.base import Document

_PIPELINE = "demo/digits"


class LiveResult(Document):
    """A result that has just arrived."""

    pipeline: str = Field(examples=[_PIPELINE])
    id: str = Field(description="The image's id.")
    stage: str
    analyzed_at: str = Field(examples=["2026-11-23T12:00:00.120Z"])
    summary: str = Field(description="The result in one line of at most 500 characters.")
    data: Analyzed | None = Field(description="The data of the event; null if it has more than 64 KiB.")


class LiveFailure(Document):
    """A dead letter that has just arrived."""

    pipeline: str = Field(examples=[_PIPELINE])
    id: str = Field(description="The image's id.")
    stage: str
    reason: str = Field(examples=["DecodeError"])
    message: str
    failed_at: str
    partition: int
    offset: int = Field(description="With `partition`, where the dead letter is in its topic.")


class LiveCounts(Document):
    """How many events a client was told of."""

    seen: int = Field(description="Events since the client has connected, and those it had missed before.")
    dropped: int = Field(description="Those that no batch had, because there were too many or too large ones.")


class Start(Document):
    """The data of the event `start`, the first of `GET /v1/live`."""

    pipelines: list[str] = Field(description="Those that the stream has: of those asked for, those that are served.")
    resumed: list[str] = Field(description="Those that continue after `Last-Event-ID`. The others start now.")


class Batch(LiveCounts):
    """The data of an event `batch` of `GET /v1/live`."""

    results: list[LiveResult] = Field(description="Newest first.")
    failures: list[LiveFailure] = Field(description="Newest first.")
    pipelines: dict[str, LiveCounts] = Field(description="The counts of those that have changed since the last batch.")
