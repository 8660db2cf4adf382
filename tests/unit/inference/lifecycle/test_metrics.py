"""A worker's metrics."""

from darkroom_inference.lifecycle.metrics import Metrics


def test_outcomes_are_counted_over_all_reasons() -> None:
    metrics = Metrics()
    assert metrics.outcomes() == {"analyzed": 0, "skipped": 0}
    for _ in range(2):
        metrics.image("analyzed")
    metrics.image("failed", "DecodeError")
    metrics.image("failed", "ResultTooLarge")
    assert metrics.outcomes() == {"analyzed": 2, "failed": 2, "skipped": 0}


def test_an_image_from_a_clock_that_is_ahead_took_no_time() -> None:
    metrics = Metrics()
    metrics.end_to_end([-3])
    assert metrics.registry.get_sample_value("darkroom_worker_end_to_end_seconds_sum") == 0


def test_metrics_of_two_workers_in_a_process_are_their_own() -> None:
    first, second = Metrics(), Metrics()
    first.partitions(0, 3)
    sample = "darkroom_worker_partitions"
    assert first.registry.get_sample_value(sample, {"loop": "0"}) == 3
    assert second.registry.get_sample_value(sample, {"loop": "0"}) is None
