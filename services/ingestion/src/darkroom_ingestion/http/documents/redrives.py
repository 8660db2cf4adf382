"""Redrives in the background."""

from typing import Any

from pydantic import Field

from darkroom_ingestion.http.documents.base import Document
from darkroom_ingestion.http.documents.dead_letters import LettersSelection
from darkroom_ingestion.store.redrives.jobs import State

DEFAULT_RATE = 50.0


class RedriveJobRequest(LettersSelection):
    """Selects dead letters of a stage by exactly one of `ids`, `reason`, `all`, or a time (`since`, `until`).

    Those that fail after the start are left out, and those that have been redriven, unless `ids` contains them.
    """

    rate_per_second: float = Field(DEFAULT_RATE, ge=0.1, le=1_000, description="The most images in a second.")
    dry_run: bool = Field(False, description="Only count the dead letters.")


class RedrivePreview(Document):
    """How many dead letters a redrive would publish again now."""

    matched: int = Field(description="Dead letters; with `ids`, images that have one.")


class RedriveJob(Document):
    """A redrive in the background, and how far it is."""

    id: str
    state: State = Field(
        description="Running until Done; Stopped by a request or with its pipeline; Failed by an error."
    )
    stage: str
    selection: dict[str, Any] = Field(examples=[{"reason": "DecodeError"}])
    matched: int = Field(description="The dead letters that were selected at the start.")
    redriven: int = Field(description="Those that were published again.")
    failed: int = Field(
        description="Those that could not be, because retention had removed them or Kafka refused them."
    )
    rate_per_second: float
    by: str = Field(description="Who has started it: the address of the client.", examples=["10.0.0.7"])
    started_at: str = Field(examples=["2026-11-23T12:00:00.000Z"])
    finished_at: str | None
    message: str | None = Field(description="What it waits for, why a dead letter failed, or why it has ended.")


class RedriveJobsPage(Document):
    """Redrives, newest first: the record of who redrove what. Kept for 90 days."""

    redrives: list[RedriveJob]
    next: str | None = Field(description="Pass as `after` to get older ones; null on the last page.")
