"""Metrics of several processes."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.processes.totals import Totals


class Registered(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def text_of(metrics: list[Metric]) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Registered(metrics))
    return generate_latest(registry).decode()


def a_process(requests: int, seconds: float, queue: int, lag: int, *, writable: bool = True) -> Metrics:
    metrics = Metrics()
    for _ in range(requests):
        metrics.request_was_answered("GET", "/healthz", 200, seconds)
    metrics.producer_queue.set(queue)
    metrics.store_lag.set(lag)
    metrics.store_writable.set(writable)
    metrics.catalog_holds(4, [])
    return metrics


def test_counters_histograms_and_amounts_are_added_and_facts_are_not() -> None:
    totals = Totals()
    totals.put(1, list(a_process(2, 0.002, queue=3, lag=7).registry.collect()))
    totals.put(2, list(a_process(3, 0.2, queue=4, lag=7, writable=False).registry.collect()))
    text = text_of(totals.all(a_process(0, 0, queue=0, lag=7).registry.collect()))

    assert 'darkroom_http_requests_total{method="GET",route="/healthz",status="200"} 5.0' in text
    assert 'darkroom_http_request_seconds_bucket{le="0.01",route="/healthz"} 2.0' in text
    assert 'darkroom_http_request_seconds_bucket{le="+Inf",route="/healthz"} 5.0' in text
    assert 'darkroom_http_request_seconds_count{route="/healthz"} 5.0' in text
    assert "darkroom_producer_queue 7.0" in text
    assert "darkroom_store_lag 7.0" in text
    assert "darkroom_store_writable 0.0" in text
    assert 'darkroom_pipelines{state="Served"} 4.0' in text


def test_what_a_process_has_counted_stays_when_it_has_ended() -> None:
    totals = Totals()
    totals.put(1, list(a_process(2, 0.002, queue=3, lag=7).registry.collect()))
    totals.end(1)
    totals.put(1, list(a_process(1, 0.002, queue=1, lag=6).registry.collect()))
    text = text_of(totals.all([]))

    assert 'darkroom_http_requests_total{method="GET",route="/healthz",status="200"} 3.0' in text
    assert "darkroom_producer_queue 1.0" in text
    assert "darkroom_store_lag 6.0" in text
