"""Converts records of the log to rows of the store. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy.schema import Table

from darkroom import events, names
from darkroom_ingestion.kafka.log_record import LogRecord, Role, TopicContents
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.records.text import at_most, storable
from darkroom_ingestion.store import tables
from darkroom_ingestion.store.result_rows import is_id, result_rows
from darkroom_ingestion.times import parse_ms

REDRIVE_HEADER = "darkroom-replay-of"
"""Header of a redriven image: `topic/partition/offset` of its dead letter, from which redrives are restored."""

DEFAULT_CONTENT_TYPE = "application/octet-stream"

# These limits bound the memory of a row, and so of a page of rows.
_MAX_TEXT_BYTES = 1_000
_MAX_MESSAGE_BYTES = 8_000


@dataclass
class Rows:
    """Rows by table, and counts of skipped records.

    Attributes:
        by_table: rows of results and labels as `ResultRow` and `LabelRow`, others as dictionaries.
        labels: for each row of `results`, how many rows of `result_labels` are its own. Both are in the same order.
    """

    by_table: defaultdict[Table, list[Any]] = field(default_factory=partial(defaultdict, list))
    labels: list[int] = field(default_factory=list)
    skipped: dict[Role, int] = field(default_factory=dict)

    def add(self, table: Table, row: dict[str, Any]) -> None:
        """Add one row."""
        self.by_table[table].append(row)

    def skip(self, role: Role) -> None:
        """Count a skipped record."""
        self.skipped[role] = self.skipped.get(role, 0) + 1

    def one_by_one(self) -> Iterator["Rows"]:
        """The rows one by one; a result with its labels."""
        start = 0
        for table, rows in self.by_table.items():
            for number, row in enumerate(rows if table is not tables.result_labels else ()):
                if table is tables.results:
                    count = self.labels[number]
                    own = self.by_table.get(tables.result_labels, [])[start : start + count]
                    start += count
                    yield Rows(defaultdict(list, {tables.result_labels: own, tables.results: [row]}), [count])
                else:
                    yield Rows(defaultdict(list, {table: [row]}))

    def add_image(self, image: ReceivedImage) -> None:
        """Add the row of an image that this service has accepted, which is equal to that of its record."""
        row = image._asdict()
        if image.key is not None:
            row["key"] = at_most(_MAX_TEXT_BYTES, storable(image.key)) or None
        self.add(tables.images, row)

    def add_record(self, topic: TopicContents, record: LogRecord) -> None:
        """Add the rows of `record`. A record that is not an event of Darkroom is counted as skipped."""
        match topic.role:
            case "images":
                self.add(tables.images, image_row(topic.pipeline, record))
                if mark := redrive_row(topic.pipeline, record):
                    self.add(tables.redrives, mark)
            case "results":
                if (found := result_rows(topic.pipeline, topic.stage or "", record)) is None:
                    self.skip(topic.role)
                    return
                row, labels = found
                self.labels.append(len(labels))
                if labels:
                    self.by_table[tables.result_labels].extend(labels)
                self.by_table[tables.results].append(row)
            case "dead-letters":
                if (letter := dead_letter_row(topic.pipeline, topic.stage or "", record)) is None:
                    self.skip(topic.role)
                else:
                    self.add(tables.dead_letters, letter)


def image_id(record: LogRecord) -> str:
    """The event's id; without an event, an id made from the record's position."""
    its_id = record.headers.get("ce_id")
    return its_id if is_id(its_id) else names.image_id_at(record.topic, record.partition, record.offset)


def image_row(pipeline: str, record: LogRecord) -> dict[str, Any]:
    """The row of an image. The image's bytes are not stored."""
    key = at_most(_MAX_TEXT_BYTES, storable((record.key or b"").decode(errors="replace")))
    its_id = image_id(record)
    return {
        "pipeline": pipeline,
        "id": its_id,
        "key": key if key and key != its_id else None,
        "received_at_ms": _time(record, record.headers.get("ce_time")),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "content_type": at_most(_MAX_TEXT_BYTES, record.headers.get("content-type", DEFAULT_CONTENT_TYPE)),
        "bytes": len(record.value),
    }


def redrive_row(pipeline: str, record: LogRecord) -> dict[str, Any] | None:
    """The row that marks the dead letter of a redriven image as redriven; None for other images.

    A record can mark only the dead letters of its own pipeline.
    """
    topic, _, rest = record.headers.get(REDRIVE_HEADER, "").partition("/")
    partition, _, offset = rest.partition("/")
    partition_number, offset_number = _number(partition, 31), _number(offset)
    if partition_number is None or offset_number is None or not _is_dead_letters_topic_of(pipeline, topic):
        return None
    return {
        "topic": topic,
        "partition": partition_number,
        "offset": offset_number,
        "replayed_at_ms": record.timestamp_ms,
    }


def dead_letter_row(pipeline: str, stage: str, record: LogRecord) -> dict[str, Any] | None:
    """The row of a dead letter; None if the record is not one, because it has no reason."""
    names_of = events.FailureHeaders
    reason = record.headers.get(names_of.REASON)
    if reason is None:
        return None
    source_topic = _short(record.headers.get(names_of.SOURCE_TOPIC))
    source_partition = _number(record.headers.get(names_of.SOURCE_PARTITION), 31)
    source_offset = _number(record.headers.get(names_of.SOURCE_OFFSET))
    its_id = record.headers.get("ce_id")
    if not is_id(its_id) and source_topic and source_partition is not None and source_offset is not None:
        its_id = names.image_id_at(source_topic, source_partition, source_offset)
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "pipeline": pipeline,
        "stage": stage,
        "image_id": its_id if is_id(its_id) else image_id(record),
        "at_ms": record.timestamp_ms,
        "reason": at_most(_MAX_TEXT_BYTES, reason),
        "message": at_most(_MAX_MESSAGE_BYTES, record.headers.get(names_of.MESSAGE, "")),
        "attempts": _number(record.headers.get(names_of.ATTEMPTS), 31) or 1,
        "failed_at": _short(record.headers.get(names_of.FAILED_AT)),
        "generation": _short(record.headers.get(events.GENERATION_HEADER)),
        "content_type": _short(record.headers.get("content-type")),
        "bytes": len(record.value),
        "source_topic": source_topic,
        "source_partition": source_partition,
        "source_offset": source_offset,
    }


def _short(text: str | None) -> str | None:
    return None if text is None else at_most(_MAX_TEXT_BYTES, text)


def _time(record: LogRecord, text: str | None) -> int:
    said = parse_ms(text) if text else None
    return said if said is not None else record.timestamp_ms


def _is_dead_letters_topic_of(pipeline: str, topic: str) -> bool:
    namespace, _, name = pipeline.partition("/")
    stage = topic.removeprefix(f"{namespace}.{name}.").removesuffix(".dead-letters")
    return names.is_dns_label(stage) and topic == names.dead_letters_topic(namespace, name, stage)


def _number(text: str | None, bits: int = 63) -> int | None:
    if not (text and text.isascii() and text.isdecimal() and len(text) <= len(str(2**bits))):
        return None
    return number if (number := int(text)) < 2**bits else None
