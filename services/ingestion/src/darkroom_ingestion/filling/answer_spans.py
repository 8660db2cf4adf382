"""The spans of results and dead letters: from when they are read until the store has them."""

import time
from typing import NamedTuple

from darkroom.cloudevents import CloudEvent, read_headers
from darkroom.tracing.context import TRACEPARENT, SpanContext
from darkroom.tracing.conventions import Values, cloud_event, position, processed
from darkroom.tracing.spans import Tracing
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents


class _Open(NamedTuple):
    record: LogRecord
    event: CloudEvent | None
    context: SpanContext
    parent: SpanContext | None
    start_ns: int


class AnswerSpans:
    """The spans of the sampled records of a batch. Records without a trace have none.

    Args:
        group: the consumer group.
    """

    def __init__(self, tracing: Tracing, group: str) -> None:
        self._tracing, self._group = tracing, group
        self._open: list[_Open] = []

    def read(self, contents: TopicContents, record: LogRecord) -> None:
        """A record was read. Images are not processed here: workers do that."""
        if contents.role == "images" or (traceparent := record.header(TRACEPARENT)) is None:
            return
        if (began := self._tracing.begin_sampled(traceparent)) is not None:
            self._open.append(_Open(record, read_headers(record.raw_headers), *began, time.time_ns()))

    def written(self) -> None:
        """The store has the records."""
        now_ns = time.time_ns()
        for opened in self._open:
            record, event = opened.record, opened.event
            values: Values = {
                "messaging.consumer.group.name": self._group,
                **position(record.partition, record.offset),
                **({} if event is None else cloud_event(event.id, event.source, event.type)),
            }
            times_ns = opened.start_ns, now_ns
            self._tracing.record(processed(record.topic, opened.context, opened.parent, times_ns, values))
        self._open.clear()

    def forget(self) -> None:
        """The records are read again."""
        self._open.clear()
