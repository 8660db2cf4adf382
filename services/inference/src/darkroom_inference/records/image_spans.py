"""The spans of sampled images: from when a loop takes an image until Kafka has its result."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from darkroom.stage_settings import StageSettings
from darkroom.tracing.context import TRACEPARENT, SpanContext
from darkroom.tracing.conventions import Values, cloud_event, position, processed, published
from darkroom.tracing.spans import Span, Tracing
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.outgoing import Outgoing
from darkroom_vision.analyse import Failure, ReadImage

_NS: Final = 1_000_000_000

_Position = tuple[int, int]
"""Partition and offset."""


@dataclass(slots=True)
class _Open:
    """The spans of an image whose result is not published yet."""

    record: ImageRecord
    context: SpanContext
    parent: SpanContext | None
    publish: SpanContext
    start_ns: int
    steps: list[Span] = field(default_factory=list)
    outgoing: Outgoing | None = None
    publish_ns: int = 0


class ImageSpans:
    """The spans of the images of one loop. Spans of images that are taken again are dropped."""

    def __init__(self, tracing: Tracing, settings: StageSettings) -> None:
        self._tracing = tracing
        self._settings = settings
        self._open: dict[_Position, _Open] = {}

    def take(self, records: Iterable[ImageRecord]) -> set[int]:
        """Open the spans of those among `records` that are sampled. Returns the `id()` of each of these.

        `read`, `ran` and `publishing` need not be called for the others, which are most: the calls take time.
        """
        sampled: set[int] = set()
        begin = self._tracing.begin_sampled
        for record in records:
            began = begin(None if (event := record.event) is None else event.trace.get(TRACEPARENT))
            if began is not None:
                context, parent = began
                now_ns = time.time_ns()
                self._open[record.partition, record.offset] = _Open(record, context, parent, context.child(), now_ns)
                sampled.add(id(record))
        return sampled

    def read(self, record: ImageRecord, read: ReadImage | Failure) -> None:
        """The image has just been decoded and pre-processed, or failed."""
        if isinstance(read, Failure):
            return
        if (opened := self._open.get((record.partition, record.offset))) is not None:
            end_ns = time.time_ns()
            decoded_ns = end_ns - int(read.preprocess_s * _NS)
            width, height = read.frame.size
            image: Values = {
                "darkroom.image.format": read.format,
                "darkroom.image.width": width,
                "darkroom.image.height": height,
            }
            _step(opened, "decode", decoded_ns - int(read.decode_s * _NS), decoded_ns, image)
            _step(opened, "preprocess", decoded_ns, end_ns, {})

    def ran(self, records: Iterable[ImageRecord], images: int, seconds: float) -> None:
        """The model has just run on `images` images, those of `records`, and took `seconds` for all."""
        end_ns = time.time_ns()
        for record in records:
            if (opened := self._open.get((record.partition, record.offset))) is not None:
                _step(opened, "infer", end_ns - int(seconds * _NS), end_ns, {"darkroom.run.images": images})

    def publishing(self, record: ImageRecord, outgoing: Outgoing) -> Outgoing:
        """`outgoing`, with the span of its publication as the parent of what its readers do."""
        if (opened := self._open.get((record.partition, record.offset))) is None:
            return outgoing
        headers = [(name, value) for name, value in outgoing.headers if name.lower() != TRACEPARENT]
        headers.append((TRACEPARENT, opened.publish.traceparent.encode()))
        opened.outgoing = replace(outgoing, headers=headers)
        opened.publish_ns = time.time_ns()
        return opened.outgoing

    def failing(self, record: ImageRecord, dead_letter: Outgoing) -> Outgoing:
        """As `publishing`. The image may have failed without having been taken."""
        if (record.partition, record.offset) not in self._open:
            self.take([record])
        return self.publishing(record, dead_letter)

    def settle(self) -> None:
        """Record the spans of all images whose results Kafka has, and drop the others."""
        if not self._open:
            return
        now_ns = time.time_ns()
        for opened in self._open.values():
            if opened.outgoing is not None:
                self._record(opened, opened.outgoing, now_ns)
        self._open.clear()

    def forget(self) -> None:
        """Drop all spans: the images are taken again."""
        self._open.clear()

    def _record(self, opened: _Open, outgoing: Outgoing, now_ns: int) -> None:
        image = opened.record
        values: Values = {
            "messaging.consumer.group.name": self._settings.consumer_group,
            "messaging.message.body.size": len(image.value or b""),
            **position(image.partition, image.offset),
            **({} if image.event is None else cloud_event(image.event.id, image.event.source, image.event.type)),
        }
        times_ns = opened.start_ns, now_ns
        record = self._tracing.record
        record(processed(image.topic, opened.context, opened.parent, times_ns, values, outgoing.reason))
        for step in opened.steps:
            record(step)
        size: Values = {"messaging.message.body.size": len(outgoing.value or b"")}
        record(published(outgoing.topic, opened.publish, opened.context, (opened.publish_ns, now_ns), size))


def _step(opened: _Open, name: str, start_ns: int, end_ns: int, values: Values) -> None:
    opened.steps.append(Span(name, "Internal", opened.context.child(), opened.context, start_ns, end_ns, values))
