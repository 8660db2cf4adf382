"""The CPU time of the code of spans alone, for an image: `python -m benchmarks.tracing.code`, with a collector.

Prints microseconds for the ingestion service and for a worker, as JSON. Differences of a few microseconds can't be seen
in the rates of processes that need hundreds.
"""

import json
import time
from collections.abc import Callable

from darkroom.events import RECEIVED
from darkroom.tracing.context import Begun, SpanContext
from darkroom.tracing.conventions import cloud_event, position, processed, published
from darkroom.tracing.spans import Span, Tracing
from darkroom.tracing.start import start_tracing
from darkroom_ingestion.http.request_span import RequestSpan
from darkroom_ingestion.images.publish_span import PublishSpan
from darkroom_ingestion.kafka.publisher import Ack

_IMAGES = 30_000
_CLOSE_S = 10.0
_TOPIC, _ID, _SOURCE = "bench.digits.images", "019a0000-0000-7000-8000-000000000000", "/bench/digits/images"
_STEPS = ("decode", "preprocess", "infer")
_UNSAMPLED = SpanContext("1" * 32, "2" * 16, sampled=False).traceparent
_SAMPLED = SpanContext("1" * 32, "2" * 16, sampled=True).traceparent


def main() -> None:
    """Measure in this process, with the thread that exports."""
    print(json.dumps({"ingestion": _us(_request), "worker": _us(_image)}))


def _us(act: Callable[[Tracing, int], None]) -> float:
    tracing = start_tracing("darkroom-benchmark")
    if tracing is None:
        raise SystemExit("OTEL_EXPORTER_OTLP_ENDPOINT is not set")
    started = time.process_time()
    for number in range(_IMAGES):
        act(tracing, number)
    tracing.close(_CLOSE_S)
    return (time.process_time() - started) / _IMAGES * 1e6


def _request(tracing: Tracing, _number: int) -> None:
    scope = {"type": "http", "method": "POST", "path": "/v1/pipelines/bench/digits/images", "scheme": "http"}
    began = next(tracing.new_traces)
    if not isinstance(began, Begun):
        return
    request = RequestSpan(tracing, *began)
    publication = PublishSpan(tracing, request.context)
    publication.headers({})
    publication.acknowledged(_ID, _SOURCE, 50_000, Ack(_TOPIC, 1, 2, "localhost:9092"))
    request.end(scope, "/v1/pipelines/{namespace}/{name}/images", 202)


def _image(tracing: Tracing, number: int) -> None:
    began = tracing.begin_sampled(_SAMPLED if number % 100 == 0 else _UNSAMPLED)
    if began is None:
        return
    context, parent = began
    times_ns = time.time_ns(), time.time_ns()
    for step in _STEPS:
        tracing.record(Span(step, "Internal", context.child(), context, *times_ns, {}))
    values = {**cloud_event(_ID, _SOURCE, RECEIVED), **position(1, 2)}
    tracing.record(published(_TOPIC, context.child(), context, times_ns, values))
    tracing.record(processed(_TOPIC, context, parent, times_ns, values))


if __name__ == "__main__":
    main()
