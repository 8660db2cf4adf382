"""The span of the publication of an image."""

import time
from collections.abc import Mapping

from darkroom.events import RECEIVED
from darkroom.tracing.context import TRACEPARENT, SpanContext
from darkroom.tracing.conventions import Values, cloud_event, position, published
from darkroom.tracing.spans import Tracing
from darkroom_ingestion.kafka.publisher import Ack


class PublishSpan:
    """The publication of one image in progress.

    Args:
        request: the span of the request with the image.
    """

    def __init__(self, tracing: Tracing, request: SpanContext) -> None:
        self._tracing = tracing
        self._parent = request
        self._context = request.child()
        self._start_ns = time.time_ns()

    def headers(self, trace: Mapping[str, str]) -> Mapping[str, str]:
        """The trace headers of the image's record, which has this span as its parent, instead of the client's."""
        return {**trace, TRACEPARENT: self._context.traceparent}

    def acknowledged(self, image_id: str, source: str, size: int, ack: Ack) -> None:
        """Kafka has the image, which has `size` bytes."""
        at = position(ack.partition, ack.offset)
        self._end(ack.topic, {**_values(image_id, source, size), **at})

    def failed(self, image_id: str, source: str, size: int, topic: str, error: Exception) -> None:
        """Kafka did not acknowledge the image."""
        self._end(topic, _values(image_id, source, size), type(error).__name__)

    def _end(self, topic: str, values: Values, error: str = "") -> None:
        times_ns = self._start_ns, time.time_ns()
        self._tracing.record(published(topic, self._context, self._parent, times_ns, values, error))


def _values(image_id: str, source: str, size: int) -> Values:
    return {"messaging.message.body.size": size, **cloud_event(image_id, source, RECEIVED)}
