"""The trace of an image."""

from typing import Literal

from pydantic import Field

from darkroom.events import ModelUsed, Source, Timings, WorkerProcess
from darkroom_ingestion.http.documents.base import EXAMPLE_ID, Document
from darkroom_ingestion.images.document import State


class TraceStep(Document):
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
    worker: WorkerProcess | None = Field(None, description="Of Analyzed: the process that did it.")
    reason: str | None = Field(None, description="Of Failed: why.")
    message: str | None = Field(None, description="Of Failed: details.")
    attempts: int | None = Field(None, description="Of Failed: the number of attempts.")
    generation: str | None = Field(None, description="The replay that it belongs to; null in live work.")


class Trace(Document):
    """What happened to an image, in order of time."""

    id: str = Field(examples=[EXAMPLE_ID])
    state: State
    key: str | None
    steps: list[TraceStep]
    waiting: list[str] = Field(description="The stages that have neither analysed the image nor failed on it.")
