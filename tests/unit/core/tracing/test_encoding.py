"""Encoding of spans, compared with the SDK's encoder."""

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanKind, StatusCode, TraceFlags
from opentelemetry.trace import SpanContext as OtelContext
from opentelemetry.trace import Status as OtelStatus

from darkroom.tracing.context import SpanContext
from darkroom.tracing.conventions import SCHEMA_URL
from darkroom.tracing.encoding import Encoder
from darkroom.tracing.spans import Attributes, Kind, Span

PARENT = SpanContext("1" * 32, "2" * 16, sampled=True)
OWN = SpanContext("1" * 32, "0" * 15 + "3", sampled=True)
RESOURCE = Resource({"service.name": "s", "process.command_args": ["a", "b"], "n": 1}, "https://schema.example/1")
ATTRIBUTES: Attributes = {"text": "ä", "number": -7, "large": 2**62, "real": 0.5, "yes": True, "no": False, "empty": ""}


def of_sdk(span: Span, *, remote: bool) -> ReadableSpan:
    def context(ours: SpanContext, *, remote: bool) -> OtelContext:
        return OtelContext(int(ours.trace_id, 16), int(ours.span_id, 16), remote, TraceFlags(TraceFlags.SAMPLED))

    return ReadableSpan(
        span.name,
        context(span.context, remote=False),
        None if span.parent is None else context(span.parent, remote=remote),
        RESOURCE,
        span.attributes,
        (),
        [Link(context(link, remote=True)) for link in span.links],
        SpanKind[span.kind.upper()],
        status=OtelStatus(StatusCode.ERROR, span.error) if span.error else OtelStatus(),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=InstrumentationScope("darkroom", schema_url=SCHEMA_URL),
    )


def parsed(*spans: Span) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    request.ParseFromString(Encoder(RESOURCE).encode(spans))
    return request


@pytest.mark.parametrize(
    ("kind", "remote"), [("Internal", False), ("Server", True), ("Producer", False), ("Consumer", True)]
)
def test_a_span_is_encoded_as_the_sdk_encodes_it(kind: Kind, remote: bool) -> None:
    spans = [
        Span("first", kind, OWN, None, 1_795_758_136_475_471_030, 1_795_758_136_475_517_021, {}),
        Span("second", kind, OWN, PARENT, 1, 2, ATTRIBUTES, links=(PARENT, OWN), error="DecodeError"),
    ]
    expected = encode_spans([of_sdk(span, remote=remote) for span in spans])
    # The SDK sends a status without values too, which says as much as none.
    expected.resource_spans[0].scope_spans[0].spans[0].ClearField("status")
    assert parsed(*spans) == expected


@pytest.mark.parametrize("attributes", [{"text": "\ud800"}, {"number": 2**63}])
def test_a_value_that_can_not_be_encoded_costs_only_its_span(attributes: Attributes) -> None:
    first, bad, last = (
        Span(name, "Internal", OWN, None, 1, 2, values)
        for name, values in (("first", {}), ("bad", attributes), ("last", ATTRIBUTES))
    )
    assert parsed(first, bad, last) == parsed(first, last)
