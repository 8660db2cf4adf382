"""Histograms that take the values of a batch at once."""

import threading

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from darkroom_inference.lifecycle.histogram import BatchHistogram

BUCKETS = (0.1, 1, 2.5)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.lists(st.floats(0, 5)))))
def test_the_samples_are_those_of_prometheus_own_histogram(batches: list[tuple[str, list[float]]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    batch_histogram = BatchHistogram("took", "Seconds.", buckets=BUCKETS, registry=ours, labels=["step"])
    histogram = Histogram("took", "Seconds.", ["step"], buckets=BUCKETS, registry=theirs)
    for step, values in batches:
        batch_histogram.observe(values, step)
        of_step = histogram.labels(step)
        for value in values:
            of_step.observe(value)
    assert sample_lines(ours) == sample_lines(theirs)


def test_a_histogram_without_labels_has_samples_from_the_start() -> None:
    registry = CollectorRegistry()
    BatchHistogram("took", "Seconds.", buckets=BUCKETS, registry=registry)
    assert registry.get_sample_value("took_count") == 0


def test_no_value_of_several_threads_is_lost() -> None:
    registry = CollectorRegistry()
    histogram = BatchHistogram("took", "Seconds.", buckets=BUCKETS, registry=registry)
    threads = [threading.Thread(target=lambda: [histogram.observe([1.0] * 50) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.get_sample_value("took_sum") == 40_000
    assert registry.get_sample_value("took_bucket", {"le": "1.0"}) == 40_000


def sample_lines(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]
