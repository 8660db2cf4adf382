"""Dead letters, and their redrive."""

from typing import Any

from pydantic import ConfigDict, Field

from darkroom.events import Source
from darkroom_ingestion.http.documents.base import Document
from darkroom_ingestion.http.documents.images import Accepted


class DeadLetter(Document):
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


class DeadLettersPage(Document):
    """Dead letters, newest first."""

    dead_letters: list[DeadLetter]
    next: str | None = Field(description="Pass as `after` to get older dead letters; null on the last page.")


class LettersSelection(Document):
    """Selects dead letters of a stage by exactly one of `ids`, `reason`, `all`, or a time (`since`, `until`)."""

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

    def selection(self) -> dict[str, Any]:
        """The members that select, without those that were not given."""
        return self.model_dump(include={"ids", "reason", "since", "until", "all"}, exclude_defaults=True)


class RedriveRequest(LettersSelection):
    """Selects dead letters of a stage by exactly one of `ids`, `reason`, `all`, or a time (`since`, `until`).

    Dead letters that have been redriven are left out, unless `ids` contains them.
    """

    limit: int = Field(1_000, ge=1, le=1_000, description="The maximum number of dead letters to redrive.")


class RedriveResult(Document):
    """The outcome of a redrive."""

    redriven: int = Field(description="The number of images that were published again.")
    replayed: int = Field(deprecated=True, description="The former name of `redriven`.")
    images: list[Accepted]
    problems: list[dict[str, Any]] = Field(description="A problem document for each dead letter that was not redriven.")
    remaining: bool = Field(description="Whether more dead letters match; send the request again.")
