"""The records of an image in the topics of its pipeline."""

import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from darkroom import names
from darkroom.errors import DarkroomError
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import TopicPartition, log_beginnings, log_ends, offsets_at_time
from darkroom_ingestion.images.trace import image_trace
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.log_trace.partitions import partition_of, time_of_id
from darkroom_ingestion.log_trace.request import Request
from darkroom_ingestion.log_trace.scan import Budget, Range, scan
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.queries import image_rows
from darkroom_ingestion.store.writing.writes import Batch, write_batch

_TIMEOUT_S = 10.0
_EARLIER_MS, _LATER_MS = 60_000, 600_000
"""An image is published within this time of its id: clocks differ, and a busy Kafka takes its time."""

Tell = Callable[[str, int, int], None]
"""Called with the kind of topics that are read, the number of offsets that were read, and their total."""


class NotInLog(DarkroomError):
    """The log has no record of the image, or no such pipeline."""


@dataclass
class Search:
    """One search, in the topics of one pipeline."""

    request: Request
    tell: Tell
    _found: list[tuple[TopicContents, LogRecord]] = field(default_factory=list)
    _incomplete: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = {**self.request.kafka, "client.id": "darkroom-trace", "log_level": 0}
        self._admin = AdminClient(dict(settings), logger=KAFKA_LOGGER)
        self._consumer: dict[str, str | int | float | bool] = settings | {
            "group.id": "darkroom.trace",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
        }
        self._budget = Budget(self.request.most_records)

    def run(self) -> dict[str, Any]:
        """The trace of the image, as the ingestion service returns it, and `incomplete`: what was not searched.

        Raises:
            NotInLog: there is no such pipeline, or no record of the image.
            KafkaUnreachable: Kafka does not respond, or refuses to.
        """
        request = self.request
        counts = self._partition_counts()
        pipeline = _choose(request.pipeline, counts)
        images, outputs = _topics(pipeline, counts)
        stages = request.stages or sorted({contents.stage or "" for contents in outputs.values()})
        time_ms = time_of_id(request.image_id) if request.since_ms is None else request.since_ms
        since_ms = None if time_ms is None else time_ms - _EARLIER_MS
        key = self._find_image(images, counts[images], pipeline, since_ms)
        for topic, contents in outputs.items():
            partitions = self._partitions_of(topic, key, counts[images], counts[topic])
            self._read(contents, self._ranges(partitions, since_ms, None), f"{contents.role} of {contents.stage}")
        self._find_redrives(images, counts[images], pipeline, key, since_ms)
        if not self._found:
            raise NotInLog(
                f"the log of {pipeline} has no record of image {request.image_id}, or retention has removed them"
                + "".join(f"; {reason}" for reason in self._incomplete)
            )
        return _document(self._found, pipeline, request.image_id, stages) | {"incomplete": self._incomplete}

    def _find_image(self, topic: str, count: int, pipeline: str, since_ms: int | None) -> bytes | None:
        """Find the image itself. Returns its key if that tells its partition in all topics."""
        contents = TopicContents(pipeline, "images")
        every = [TopicPartition(topic, number) for number in range(count)]
        position = re.fullmatch(rf"{re.escape(topic)}-(\d+)-(\d+)", self.request.image_id)
        if position is not None and int(position[1]) < count:  # an image without an id of its own
            at, offset = TopicPartition(topic, int(position[1])), int(position[2])
            beginning = log_beginnings(self._admin, [at], _TIMEOUT_S)[at]
            end = log_ends(self._admin, [at], _TIMEOUT_S)[at]
            self._read(contents, {at: (max(offset, beginning), min(offset + 1, end))}, "images", ids={""})
        else:
            until_ms = None if since_ms is None else since_ms + _EARLIER_MS + _LATER_MS
            self._read(contents, self._ranges(every, since_ms, until_ms), "images")
        for _, record in self._found:
            if record.key and partition_of(record.key, count) == record.partition:
                return record.key
        return None

    def _find_redrives(self, topic: str, count: int, pipeline: str, key: bytes | None, since_ms: int | None) -> None:
        """Find the records with which dead letters of the image were redriven."""
        letters = [record for contents, record in self._found if contents.role == "dead-letters"]
        if not letters:
            return
        first_ms = min(letter.timestamp_ms for letter in letters)
        partitions = self._partitions_of(topic, key, count, count)
        ranges = self._ranges(partitions, first_ms if since_ms is None else max(first_ms, since_ms), None)
        self._read(TopicContents(pipeline, "images"), ranges, "images of redrives")

    def _partitions_of(self, topic: str, key: bytes | None, images: int, count: int) -> list[TopicPartition]:
        """Where records of the image can be: one partition if the topic has as many as the images topic."""
        if key is not None and count == images:
            return [TopicPartition(topic, partition_of(key, count))]
        return [TopicPartition(topic, number) for number in range(count)]

    def _ranges(
        self, partitions: list[TopicPartition], since_ms: int | None, until_ms: int | None
    ) -> dict[TopicPartition, Range]:
        ends = log_ends(self._admin, partitions, _TIMEOUT_S)
        starts = (
            log_beginnings(self._admin, partitions, _TIMEOUT_S)
            if since_ms is None
            else {
                at: ends[at] if offset is None else offset
                for at, offset in offsets_at_time(self._admin, partitions, max(0, since_ms), _TIMEOUT_S).items()
            }
        )
        if until_ms is not None:
            later = offsets_at_time(self._admin, partitions, until_ms, _TIMEOUT_S)
            ends = {at: end if later[at] is None else min(end, later[at] or 0) for at, end in ends.items()}
        return {at: (starts[at], ends[at]) for at in partitions}

    def _read(
        self, contents: TopicContents, ranges: Mapping[TopicPartition, Range], what: str, ids: Iterable[str] = ()
    ) -> None:
        image_id = self.request.image_id
        exact = {image_id, *ids}

        def wanted(event_id: str) -> bool:
            return event_id in exact or (contents.role == "results" and event_id.startswith(f"{image_id}."))

        if self._budget.spent:
            self._incomplete.append(f"{what} were not searched: {self.request.most_records:,} records were read before")
            return
        records = scan(self._consumer, ranges, wanted, self._budget, lambda read, of: self.tell(what, read, of))
        if self._budget.spent:
            self._incomplete.append(f"{what} were searched in part: {self.request.most_records:,} records were read")
        known = {(record.topic_partition, record.offset) for _, record in self._found}
        self._found += [
            (contents, record) for record in records if (record.topic_partition, record.offset) not in known
        ]

    def _partition_counts(self) -> dict[str, int]:
        try:
            topics = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise KafkaUnreachable(f"Kafka can't be reached: {error.args[0].str()}") from error
        return {name: len(topic.partitions) for name, topic in topics.items() if topic.partitions}


def _choose(wanted: str | None, topics: Iterable[str]) -> str:
    """The pipeline to search in.

    Raises:
        NotInLog: there is none, or several.
    """
    pipelines = sorted(
        topic.removesuffix(".images").replace(".", "/")
        for topic in topics
        if re.fullmatch(r"[a-z0-9-]+\.[a-z0-9-]+\.images", topic)
    )
    matching = [pipeline for pipeline in pipelines if wanted in {None, pipeline, pipeline.partition("/")[2]}]
    if len(matching) == 1:
        return matching[0]
    if not pipelines:
        raise NotInLog("this Kafka has no topics of a pipeline, or you may not describe them")
    if not matching:
        raise NotInLog(f"this Kafka has no images topic of pipeline {wanted}; it has those of {', '.join(pipelines)}")
    raise NotInLog(f"this Kafka has several pipelines: choose one with --pipeline: {', '.join(matching)}")


def _topics(pipeline: str, topics: Iterable[str]) -> tuple[str, dict[str, TopicContents]]:
    """The images topic, and the topics of results and dead letters that exist."""
    namespace, _, name = pipeline.partition("/")
    found = {}
    for topic in topics:
        rest = topic.removeprefix(f"{namespace}.{name}.")
        stage, _, role = rest.partition(".")
        if rest != topic and names.is_dns_label(stage):
            if role == "results":
                found[topic] = TopicContents(pipeline, "results", stage)
            elif role == "dead-letters":
                found[topic] = TopicContents(pipeline, "dead-letters", stage)
    return names.images_topic(namespace, name), found


def _document(
    found: list[tuple[TopicContents, LogRecord]], pipeline: str, image_id: str, stages: list[str]
) -> dict[str, Any]:
    """The trace, from a store that has only these records: what counts is decided as in the service."""
    namespace, _, name = pipeline.partition("/")
    with (
        tempfile.TemporaryDirectory(prefix="darkroom-trace-") as folder,
        closing(open_database(f"sqlite:///{Path(folder) / 'store.db'}")) as database,
    ):
        batch = Batch()
        for contents, record in found:
            batch.rows.add_record(contents, record)
        write_batch(database, batch)
        rows = database.read(lambda connection: image_rows(connection, pipeline, image_id))
    return image_trace((namespace, name), image_id, rows.image, rows.results, rows.failures, stages)
