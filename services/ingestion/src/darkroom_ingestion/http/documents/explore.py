"""Lists of images that a filter selects."""

from pydantic import Field

from darkroom_ingestion.http.documents.base import EXAMPLE_ID, Document
from darkroom_ingestion.http.documents.images import Failure, ImageLocation
from darkroom_ingestion.images.document import State


class ListedResult(Document):
    """The newest result of a stage, in short."""

    stage: str
    analyzed_at: str
    summary: str
    label: str | None = Field(description="Of the best prediction, or the largest class.")
    score: float | None = Field(description="Its score, or its fraction of the image; that of a text or an anomaly.")
    objects: int | None = Field(description="The number of predictions or classes; null for other types of output.")


class ListedImage(Document):
    """An image, with its results in short."""

    id: str = Field(examples=[EXAMPLE_ID])
    key: str | None
    state: State
    received_at: str | None
    at: str = Field(description="The time that the list is ordered by: of the image, its result or its failure.")
    image: ImageLocation | None
    results: list[ListedResult]
    failures: list[Failure]


class ImagesPage(Document):
    """Images, newest first."""

    images: list[ListedImage]
    next: str | None = Field(description="Pass as `after` to get older images; null on the last page.")
