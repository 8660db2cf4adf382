"""Counters and histograms of the event loop."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from darkroom_ingestion.tallies import Counters, Histograms

_BOUNDS = (0.001, 0.5, 1, 30)
_SECONDS = (0.0, 0.001, 0.0011, 0.75, 1.0, 29.0, 31.0)


def test_they_are_exposed_as_those_of_prometheus_client() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counters = Counters("requests", "Requests.", ["route", "status"], ours)
    histograms = Histograms("request_seconds", "Time.", ["route"], _BOUNDS, ours)
    single = Histograms("ack_seconds", "Acks.", [], _BOUNDS, ours).of()
    counter = Counter("requests", "Requests.", ["route", "status"], registry=theirs)
    histogram = Histogram("request_seconds", "Time.", ["route"], buckets=_BOUNDS, registry=theirs)
    alone = Histogram("ack_seconds", "Acks.", buckets=_BOUNDS, registry=theirs)

    for route in ("/a", "/b"):
        counters.of(route, "200").count += 3
        counter.labels(route, "200").inc(3)
        for seconds in _SECONDS:
            histograms.of(route).observe(seconds)
            histogram.labels(route).observe(seconds)
            single.observe(seconds)
            alone.observe(seconds)

    assert lines(ours) == lines(theirs)


def lines(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]
