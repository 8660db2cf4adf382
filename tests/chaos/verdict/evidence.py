"""What is known after the faults: what was promised to the producer, and what the topics and the store hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Position = tuple[int, int]
"""Partition and offset."""


@dataclass(frozen=True)
class Acknowledged:
    """An image that the ingestion service accepted with 202.

    Attributes:
        lane: who sent it. A lane sends one image at a time, and the next one only after the answer.
        key: the ordering key, or None for an image without.
        file: the name of what was sent; the same bytes each time.
        bad: no stage can analyse it.
    """

    image_id: str
    lane: int
    key: str | None
    file: str
    bad: bool
    position: Position


@dataclass(frozen=True)
class ImageInLog:
    """A record of the images topic."""

    position: Position
    image_id: str
    key: bytes | None


@dataclass(frozen=True)
class Answer:
    """A record that a stage has published: a result, or, with a reason, a dead letter.

    Attributes:
        position: in its own topic.
        source: position of the image that it answers.
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
    """A stage's topics as a reader with `read_committed` sees them, in the order of each partition.

    Attributes:
        committed: the group's offset in each partition of the images topic.
        unstable: partitions of its topics in which an open transaction holds up the readers.
    """

    name: str
    delivery: Literal["AtLeastOnce", "ExactlyOnce"]
    results: Sequence[Answer]
    dead_letters: Sequence[Answer]
    committed: Mapping[int, int]
    unstable: Sequence[str] = ()


@dataclass(frozen=True)
class Document:
    """An image as the ingestion service reports it: its position, and the stages that have answered."""

    position: Position
    results: frozenset[str]
    failures: frozenset[str]


@dataclass(frozen=True)
class StoreEvidence:
    """Everything that the ingestion service reports.

    Attributes:
        results: stage and image of each result in its list, as often as it is there.
        dead_letters: stage and position of each dead letter in its list.
        documents: by image.
    """

    results: Sequence[tuple[str, str]]
    dead_letters: Sequence[tuple[str, Position]]
    documents: Mapping[str, Document]


@dataclass(frozen=True)
class Evidence:
    """Everything that the verdict is made of. `ends` are the ends of the images topic's partitions."""

    acknowledged: Sequence[Acknowledged]
    images: Sequence[ImageInLog]
    ends: Mapping[int, int]
    stages: Sequence[StageEvidence]
    store: StoreEvidence | None = None
    problems: Sequence[str] = field(default=())
