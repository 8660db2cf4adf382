import pytest

from benchmarks.ingestion.rows import Latency
from benchmarks.latency.parts import Parts
from benchmarks.latency.rows import figures, plot, ratio

ALONE = [Parts(post_ms=2.0, work_ms=0.5, feed_ms=2.5), Parts(post_ms=3.0, work_ms=0.5, feed_ms=1.5)]
WHOLES = {
    10: [Latency(p50_ms=8.0, p99_ms=12.0, most_ms=15.0), Latency(p50_ms=9.0, p99_ms=14.0, most_ms=20.0)],
    50: [Latency(p50_ms=11.0, p99_ms=30.0, most_ms=31.0), Latency(p50_ms=12.0, p99_ms=40.0, most_ms=41.0)],
}


def test_the_median_is_compared_with_the_parts_of_the_same_round_and_5_ms() -> None:
    row = ratio(10, WHOLES[10], ALONE)
    assert (row.measured, row.compared) == ([8.0, 9.0], [10.0, 10.0])
    assert row.ratio.median == pytest.approx(0.85)
    assert row.limit.at_most == 1


def test_the_parts_and_the_tails_are_figures() -> None:
    values = {figure.what: figure.values for figure in figures([900.0, 1000.0], WHOLES, ALONE)}
    assert values["part: work on one image"] == [0.5, 0.5]
    assert values["p99 at 50 % of the maximum"] == [30.0, 40.0]


def test_the_plot_shows_medians_of_rounds() -> None:
    curves = {curve.name: (curve.x, curve.y) for curve in plot(WHOLES, ALONE).curves}
    assert curves["p99"] == ([10.0, 50.0], [13.0, 35.0])
    assert curves["parts alone + 5 ms"][1] == [10.0, 10.0]
