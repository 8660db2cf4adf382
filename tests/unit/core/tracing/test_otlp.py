"""Export of spans to a collector, which may be away."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from darkroom.tracing.context import SpanContext, new_span_id
from darkroom.tracing.conventions import processed
from darkroom.tracing.spans import Span
from darkroom.tracing.start import start_tracing
from tests.support.monitoring.otlp import Collector, collector

PARENT = SpanContext("1" * 32, "2" * 16, sampled=True)


def span(name: str = "topic", error: str = "") -> Span:
    return processed(name, PARENT._replace(span_id=new_span_id()), PARENT, (1, 2), {"number": 7, "text": "t"}, error)


@pytest.fixture
def collecting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


def test_a_span_arrives_as_it_was_recorded(collecting: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    tracing = start_tracing("service", {"darkroom.stage": "classify"})
    assert tracing is not None
    sent = span(error="DecodeError")
    tracing.record(sent)
    tracing.close(5)
    [found] = collecting.spans
    assert (found.name, found.kind, found.error) == ("process topic", "CONSUMER", "DecodeError")
    assert (found.trace_id, found.span_id, found.parent_id) == ("1" * 32, sent.context.span_id, "2" * 16)
    assert (found.start_ns, found.end_ns, found.links) == (1, 2, ("2" * 16,))
    assert found.attributes == sent.attributes
    assert found.resource["service.name"] == "mine"
    assert found.resource["darkroom.stage"] == "classify"
    assert found.resource["deployment.environment.name"] == "test"


def test_a_collector_that_does_not_answer_costs_spans_but_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "64")
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "32")
        tracing = start_tracing("service")
        assert tracing is not None
        for _ in range(10_000):
            tracing.record(span())
        assert len(tracing.recorder._processor._batch_processor._queue) <= 64  # type: ignore[attr-defined]
        done = threading.Event()
        began = time.monotonic()

        def close() -> None:
            tracing.close(0.2)
            done.set()

        threading.Thread(target=close, daemon=True).start()
        assert done.wait(10), "its limit of time is not kept"
        assert time.monotonic() - began < 10
