"""Records of a pipeline's topics, in a log that tests make up, and a store filled from them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import delete

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.tables import counts, dead_letters, images, result_labels, results
from darkroom_ingestion.store.writing.writes import Batch, positions_at_assignment, write_batch

PIPELINE = "demo/digits"
STAGES = ("classify", "detect")
AT_MS = 1_790_000_000_000
"""When the first record was published."""

LATENCY_MS = 1_000
"""How long before all images were received."""


@dataclass(frozen=True)
class Told:
    """A record: an image, a result of it, or a failure.

    Attributes:
        kind: images, results or dead-letters.
        labels: of a result, with their scores; the first is the reason of a failure.
    """

    kind: str
    image: int
    stage: str = STAGES[0]
    minute: int = 0
    generation: str | None = None
    labels: tuple[tuple[str, float], ...] = (("cat", 0.5),)
    partition: int = 0
    offset: int = 0

    @property
    def id(self) -> str:
        """A UUID version 7."""
        received_at_ms = AT_MS - LATENCY_MS
        return f"{received_at_ms >> 16:08x}-{received_at_ms & 0xFFFF:04x}-7000-8000-{self.image:012x}"

    @property
    def key(self) -> str | None:
        return "odd" if self.image % 2 else None

    @property
    def at_ms(self) -> int:
        return AT_MS + 60_000 * self.minute

    @property
    def order(self) -> tuple[int, int, int]:
        return self.at_ms, self.partition, self.offset

    @property
    def event(self) -> str:
        return f"{self.id}.{self.stage}" + (f"@{self.generation}" if self.generation else "")

    @property
    def topic(self) -> str:
        return "images" if self.kind == "images" else f"{self.stage}.{self.kind}"

    @property
    def contents(self) -> TopicContents:
        stage = None if self.kind == "images" else self.stage
        return TopicContents(PIPELINE, self.kind, stage)  # type: ignore[arg-type]

    @property
    def record(self) -> LogRecord:
        headers = [("ce_id", (self.event if self.kind == "results" else self.id).encode())]
        value = b"image"
        if self.kind == "dead-letters":
            headers += [("darkroom-error-reason", self.labels[0][0].encode())]
            headers += [("darkroom-generation", self.generation.encode())] if self.generation else []
        if self.kind == "results":
            found = [{"label": label, "score": score} for label, score in self.labels]
            data = {"imageId": self.id, "stage": self.stage, "outputType": "Detection", "predictions": found}
            value = json.dumps(data).encode()
        return LogRecord(self.topic, self.partition, self.offset, self.at_ms, (self.key or "").encode(), headers, value)


@st.composite
def logs(draw: st.DrawFn) -> list[Told]:
    """Records of three images: some sent twice, results of live work and two replays, some of them published twice."""
    labels = st.dictionaries(st.sampled_from(["cat", "dog", "fox"]), st.sampled_from([0.25, 0.5, 0.75]), min_size=1)
    told = draw(
        st.lists(
            st.builds(
                Told,
                kind=st.sampled_from(["images", "results", "results", "results", "dead-letters"]),
                image=st.integers(0, 2),
                stage=st.sampled_from(STAGES),
                minute=st.integers(0, 3),
                generation=st.sampled_from([None, None, "again", "later"]),
                labels=labels.map(lambda scores: tuple(sorted(scores.items(), key=lambda one: -one[1]))),
                partition=st.integers(0, 1),
            ),
            max_size=14,
        )
    )
    return [replace(one, offset=offset) for offset, one in enumerate(told)]


def open_empty(url: str) -> Database:
    """A store that `fill` can fill."""
    opened = open_database(url)
    positions_at_assignment(opened, {}, [TopicPartition("any", 0)])
    return opened


def fill(database: Database, told: Sequence[Told], at_once: int = 100) -> None:
    """Empty the store, and fill it from these records in this order."""
    tables = (images, results, result_labels, dead_letters, counts)
    database.write(lambda connection: [connection.execute(delete(table)) for table in tables])
    for start in range(0, len(told), at_once):
        batch = Batch()
        for one in told[start : start + at_once]:
            batch.rows.add_record(one.contents, one.record)
        batch.move(TopicPartition("any", 0), 0, 0)
        write_batch(database, batch)


def newest_results(told: Sequence[Told]) -> list[Told]:
    """The results that are shown: the first record of every event id, then the last of every image and stage."""
    first: dict[str, Any] = {}
    for one in sorted(told, key=lambda one: one.order):
        if one.kind == "results":
            first.setdefault(one.event, one)
    return list({(one.id, one.stage): one for one in sorted(first.values(), key=lambda one: one.order)}.values())
