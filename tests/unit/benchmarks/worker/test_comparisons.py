import pytest

from benchmarks.worker.comparisons import with_naive, with_tiny_model, with_usual_model
from benchmarks.worker.rate import Rate


def rate(per_second: float, cpu_us: float) -> Rate:
    return Rate(images=per_second, seconds=1, cpu_seconds=per_second * cpu_us / 1e6)


def test_the_bound_of_a_tiny_model_is_its_work_and_the_kafka_client_alone() -> None:
    rates = {
        "digits: bare": [rate(10_000, 100)],
        "digits: consume and produce": [rate(50_000, 20)],
        "digits: AtLeastOnce": [rate(5_000, 200)],
    }
    with_client, by_cpu, by_clock = with_tiny_model(rates, "digits", 0.6)
    assert with_client.ratio.median == pytest.approx(120 / 200)
    assert with_client.limit.at_least == 0.6
    assert by_cpu.ratio.median == pytest.approx(100 / 200)
    assert by_clock.ratio.median == pytest.approx(0.5)


def test_a_usual_model_is_compared_in_both_delivery_modes_and_between_them() -> None:
    rates = {
        "resnet: bare": [rate(200, 10_000)],
        "resnet: AtLeastOnce": [rate(180, 10_500)],
        "resnet: ExactlyOnce": [rate(171, 10_600)],
    }
    rows = {(row.what, row.baseline): row for row in with_usual_model(rates, "resnet")}
    least = rows["resnet, AtLeastOnce, by the clock", "threads without Kafka"]
    exactly = rows["resnet, ExactlyOnce, by the clock", "AtLeastOnce"]
    assert least.ratio.median == pytest.approx(0.9)
    assert exactly.ratio.median == pytest.approx(0.95)
    assert (exactly.limit.at_least, exactly.limit.at_most) == (0.9, 1.0)


def test_the_naive_consumer_is_compared_by_the_clock() -> None:
    rates = {"digits: naive": [rate(1_000, 900)], "digits: AtLeastOnce": [rate(4_000, 250)]}
    assert with_naive(rates, "digits").ratio.median == pytest.approx(4)
