"""The events of the feed: an image was analysed, or a stage failed on it."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import structlog
from confluent_kafka import Message

from darkroom.result_fields import summary_of
from darkroom_ingestion.feed.positions import Topic
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.records.answers import StageFailure, StageResult
from darkroom_ingestion.records.json_object import read_json
from darkroom_ingestion.store.result_rows import result_image_id
from darkroom_ingestion.store.rows import dead_letter_row
from darkroom_ingestion.times import rfc3339

log = structlog.get_logger("darkroom.ingestion.feed")


@dataclass(frozen=True)
class FeedEvent:
    """One event, ready to be sent.

    Attributes:
        data: JSON on one line.
        topic: the topic of its record, with `partition` and `offset`.
    """

    name: Literal["analyzed", "failed"]
    image_id: str
    stage: str
    data: str
    outcome: StageResult | StageFailure
    topic: Topic
    partition: int
    offset: int

    @cached_property
    def members(self) -> str:
        """What a batch has of the event: members of a JSON object, without the data of a result."""
        members: dict[str, Any] = {"id": self.image_id, "stage": self.stage}
        if isinstance(self.outcome, StageResult):
            members |= {"analyzedAt": rfc3339(self.outcome.at_ms), "summary": summary_of(self.outcome.data)}
        else:
            members |= {
                "reason": self.outcome.reason,
                "message": self.outcome.message,
                "failedAt": self.outcome.failed_at or rfc3339(self.outcome.at_ms),
                "partition": self.partition,
                "offset": self.offset,
            }
        return json.dumps(members)[1:-1]


@dataclass(frozen=True)
class UnreadRecord:
    """A record of the feed that nobody waited for when it arrived. Reading takes most of its time, so it waits."""

    topic: TopicContents
    message: Message

    def read(self) -> FeedEvent | None:
        """The event in the record; None if it is not an event of Darkroom."""
        return event_of(self.topic, LogRecord.of(self.message))


def feed_topic(topic: TopicContents) -> Topic:
    """The name of a topic in positions."""
    return topic.stage or "", "r" if topic.role == "results" else "d"


def event_of(topic: TopicContents, record: LogRecord) -> FeedEvent | None:
    """Like `feed_event`, but logs errors and returns None, so that no record can stop the feed."""
    try:
        return feed_event(topic, record)
    except Exception:
        log.exception("a record can't be read, skipped", **record.topic_partition._asdict(), offset=record.offset)
        return None


def feed_event(topic: TopicContents, record: LogRecord) -> FeedEvent | None:
    """The event in `record`; None if it is not an event of Darkroom."""
    return _analyzed(topic, record) if topic.role == "results" else _failed(topic, record)


def _analyzed(topic: TopicContents, record: LogRecord) -> FeedEvent | None:
    result = read_json(record.value)
    image_id = None if result is None else result_image_id(result.data)
    if result is None or image_id is None:
        return None
    # One line is needed. In JSON, line breaks occur only between tokens.
    text = json.dumps(result.data) if "\n" in result.text or "\r" in result.text else result.text
    stage = topic.stage or ""
    outcome = StageResult(stage, record.timestamp_ms, result.data, record.partition, record.offset)
    return FeedEvent("analyzed", image_id, stage, text, outcome, feed_topic(topic), record.partition, record.offset)


def _failed(contents: TopicContents, record: LogRecord) -> FeedEvent | None:
    stage = contents.stage or ""
    row = dead_letter_row(contents.pipeline, stage, record)
    if row is None:
        return None
    data: dict[str, Any] = {
        "imageId": row["image_id"],
        "stage": stage,
        "reason": row["reason"],
        "message": row["message"],
        "attempts": row["attempts"],
        "failedAt": row["failed_at"],
        "partition": record.partition,
        "offset": record.offset,
    }
    topic, partition, offset = (row[f"source_{name}"] for name in ("topic", "partition", "offset"))
    if topic is not None:
        data["source"] = {"topic": topic, "partition": partition, "offset": offset}
    if row["generation"] is not None:
        data["generation"] = row["generation"]
    outcome = StageFailure(
        stage,
        record.timestamp_ms,
        row["reason"],
        row["message"],
        row["attempts"],
        row["failed_at"],
        generation=row["generation"],
        partition=record.partition,
        offset=record.offset,
        source=None if topic is None or partition is None or offset is None else (topic, partition, offset),
    )
    text = json.dumps(data, ensure_ascii=False)
    return FeedEvent(
        "failed", row["image_id"], stage, text, outcome, feed_topic(contents), record.partition, record.offset
    )
