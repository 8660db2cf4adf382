"""Export of spans with OTLP over HTTP. The only module that imports OpenTelemetry.

The SDK provides the resource, the bounded queue with its thread, and the exporter. They read OpenTelemetry's
environment variables themselves. The SDK's tracer is not used: it takes ten times as long to create a span.
"""

import logging
import threading
from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace import SpanContext as OtelContext

from darkroom.tracing.context import SpanContext
from darkroom.tracing.conventions import SCHEMA_URL
from darkroom.tracing.spans import Kind, Span

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_OK = Status(StatusCode.UNSET)
_KINDS: Mapping[Kind, SpanKind] = {
    "Internal": SpanKind.INTERNAL,
    "Server": SpanKind.SERVER,
    "Producer": SpanKind.PRODUCER,
    "Consumer": SpanKind.CONSUMER,
}

_OF_OTHERS: frozenset[Kind] = frozenset({"Server", "Consumer"})
"""The kinds of spans whose parents are those of other processes."""


class OtlpRecorder:
    """Queues spans for a thread that exports them. If the queue is full, the oldest are dropped."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        """`attributes` are those of the process. The environment may override and extend them."""
        # A line for each span that is dropped would slow the work that the queue protects.
        logging.getLogger("opentelemetry.sdk._shared_internal").setLevel(logging.ERROR)
        self._resource = _ResourceOfProcess.of(Resource.create(attributes).merge(OTELResourceDetector().detect()))
        self._scope = InstrumentationScope("darkroom", schema_url=SCHEMA_URL)
        self._processor = BatchSpanProcessor(OTLPSpanExporter())

    def record(self, span: Span) -> None:
        """Queue a span."""
        self._processor.on_end(
            ReadableSpan(
                span.name,
                _context(span.context, remote=False),
                None if span.parent is None else _context(span.parent, remote=span.kind in _OF_OTHERS),
                self._resource,
                span.attributes,
                (),
                [Link(_context(link, remote=True)) for link in span.links],
                _KINDS[span.kind],
                status=Status(StatusCode.ERROR, span.error) if span.error else _OK,
                start_time=span.start_ns,
                end_time=span.end_ns,
                instrumentation_scope=self._scope,
            )
        )

    def close(self, timeout_s: float) -> None:
        """Export what is queued."""
        # The SDK's own limit is half a minute.
        thread = threading.Thread(target=self._processor.shutdown, name="closing tracing", daemon=True)
        thread.start()
        thread.join(timeout_s)


class _ResourceOfProcess(Resource):
    """Equal to no other resource.

    The exporter groups spans by their resources, for which the SDK's class encodes all attributes as JSON: a seventh of
    the CPU time to export a span.
    """

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @classmethod
    def of(cls, resource: Resource) -> "_ResourceOfProcess":
        """The attributes of `resource`."""
        return cls(resource.attributes, resource.schema_url)


def _context(context: SpanContext, *, remote: bool) -> OtelContext:
    return OtelContext(int(context.trace_id, 16), int(context.span_id, 16), remote, _SAMPLED)
