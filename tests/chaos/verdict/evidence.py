"""The evidence after the faults: what the producer got acknowledged, and the contents of topics and store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.verdict.promises import Content, Promises

Position = tuple[int, int]
"""Partition and offset."""


@dataclass(frozen=True)
class Acknowledged:
    """An image that the ingestion service accepted with 202.

    Attributes:
        lane: the sender. A lane sends an image only after the response to the previous one.
        key: the ordering key; None for an image without.
        file: the name of the file, which identifies the bytes.
    """

    image_id: str
    lane: int
    key: str | None
    file: str
    content: Content
    position: Position


@dataclass(frozen=True)
class ImageInLog:
    """A record of the images topic."""

    position: Position
    image_id: str
    key: bytes | None


@dataclass(frozen=True)
class Answer:
    """A record that a stage has published: a result or, with a reason, a dead letter.

    Attributes:
        position: the record's position in its topic.
        source: the position of the image.
        label: the best prediction of a result.
    """

    position: Position
    image_id: str
    key: bytes | None
    source: Position
    label: str = ""
    reason: str = ""


@dataclass(frozen=True)
class StageEvidence:
    """The records of a stage's topics for a reader with `read_committed`, in order within each partition.

    Attributes:
        done: in each partition of the images topic, the offset before which the group has nothing left to do.
        unstable: partitions of its topics in which an open transaction blocks readers.
    """

    name: str
    promises: Promises
    results: Sequence[Answer]
    dead_letters: Sequence[Answer]
    done: Mapping[int, int]
    unstable: Sequence[str] = ()


@dataclass(frozen=True)
class Document:
    """An image in the ingestion service: its position, and the stages with a result or a failure."""

    position: Position
    results: frozenset[str]
    failures: frozenset[str]


@dataclass(frozen=True)
class StoreEvidence:
    """Everything that the ingestion service reports.

    Attributes:
        results: stage and image of every listed result, with duplicates.
        dead_letters: stage and position of every listed dead letter.
        documents: the documents, by image.
    """

    results: Sequence[tuple[str, str]]
    dead_letters: Sequence[tuple[str, Position]]
    documents: Mapping[str, Document]


@dataclass(frozen=True)
class Evidence:
    """All evidence for the verdict. `ends` are the end offsets of the images topic's partitions."""

    acknowledged: Sequence[Acknowledged]
    images: Sequence[ImageInLog]
    ends: Mapping[int, int]
    stages: Sequence[StageEvidence]
    store: StoreEvidence | None = None
    problems: Sequence[str] = field(default=())
