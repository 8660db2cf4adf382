"""Results of the stages."""

from pydantic import Field

from darkroom.events import Analyzed
from darkroom_ingestion.http.documents.base import Document


class Result(Analyzed):
    """The data of one analyzed event, with its time and summary."""

    analyzed_at: str = Field(examples=["2026-11-23T12:00:00.120Z"])
    summary: str = Field(
        description="The result in one line of at most 500 characters.",
        examples=["3: person 0.91, dog 0.88, dog 0.61", "class map 512x512: road 43 %, car 12 %"],
    )


class ResultsPage(Document):
    """Results, newest first. If an image was analysed again, only the newest result of each stage."""

    results: list[Result]
    next: str | None = Field(description="Pass as `after` to get older results; null on the last page.")
