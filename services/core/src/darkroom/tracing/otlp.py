"""Export of spans with OTLP over HTTP. Only this module and `encoding` import OpenTelemetry.

The SDK provides the resource, the bounded queue with its thread, and the exporter. They read OpenTelemetry's
environment variables themselves. The SDK's tracer is not used: it takes ten times as long to create a span. `encoding`
replaces its encoder.
"""

import logging
import threading
from collections.abc import Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanContext, TraceFlags

from darkroom.tracing.encoding import Encoder
from darkroom.tracing.spans import Span

_SAMPLED = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


class OtlpRecorder:
    """Queues spans for a thread that exports them. If the queue is full, the oldest are dropped."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        """`attributes` are those of the process. The environment may override and extend them."""
        # A line for each span that is dropped would slow the work that the queue protects.
        logging.getLogger("opentelemetry.sdk._shared_internal").setLevel(logging.ERROR)
        resource = Resource.create(attributes).merge(OTELResourceDetector().detect())
        self._processor = BatchSpanProcessor(_Exporter(Encoder(resource)))

    def record(self, span: Span) -> None:
        """Queue a span."""
        self._processor.on_end(_Queued(span))

    def close(self, timeout_s: float) -> None:
        """Export what is queued."""
        # The SDK's own limit is half a minute.
        thread = threading.Thread(target=self._processor.shutdown, name="closing tracing", daemon=True)
        thread.start()
        thread.join(timeout_s)


class _Queued(ReadableSpan):
    """A span as the queue takes it, which only asks whether it is sampled."""

    def __init__(self, span: Span) -> None:
        self.recorded = span
        self._context = _SAMPLED


class _Exporter(OTLPSpanExporter):
    """Sends `_Queued` spans as the SDK's exporter sends its own."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self._encoder = encoder

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch, with the attempts and the limits of time of the SDK's exporter, which logs a failure."""
        encoded = self._encoder.encode([span.recorded for span in spans if isinstance(span, _Queued)])
        return SpanExportResult.SUCCESS if self._client.export(encoded).success else SpanExportResult.FAILURE
