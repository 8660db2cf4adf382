"""What to search for, and what the search says: JSON documents on standard input and output."""

from pydantic import Field

from darkroom.schema import StrictModel


class Request(StrictModel):
    """The image to find, and where.

    Attributes:
        kafka: settings of librdkafka, with `bootstrap.servers`.
        pipeline: namespace/name; None if the cluster has the topics of only one.
        stages: in the order of the manifest; None to find them by their topics.
        image_id: the image's id.
        since_ms: where to begin, in ms since 1970; None for the time in the id, else the beginning.
        most_records: the number of records that may be read.
    """

    kafka: dict[str, str | int | float | bool]
    pipeline: str | None = None
    stages: list[str] | None = None
    image_id: str
    since_ms: int | None = None
    most_records: int = Field(1_000_000, ge=1)


class Progress(StrictModel):
    """How far the search is in the topics of one kind."""

    topics: str
    read: int
    total: int
