import pytest

from benchmarks.ingestion.rows import Latency
from benchmarks.latency.parts import Parts
from benchmarks.latency.rows import bare_ratio, figures, plot, ratios

ALONE = [Parts(post_ms=2.0, work_ms=0.5, feed_ms=2.5), Parts(post_ms=3.0, work_ms=0.5, feed_ms=1.5)]
WHOLES = {
    10: [Latency(p50_ms=8.0, p99_ms=12.0, most_ms=15.0), Latency(p50_ms=9.0, p99_ms=14.0, most_ms=20.0)],
    50: [Latency(p50_ms=11.0, p99_ms=30.0, most_ms=31.0), Latency(p50_ms=12.0, p99_ms=40.0, most_ms=41.0)],
}
BARES = {
    10: [Latency(p50_ms=4.0, p99_ms=8.0, most_ms=9.0), Latency(p50_ms=6.0, p99_ms=9.0, most_ms=9.0)],
    50: [Latency(p50_ms=7.0, p99_ms=9.0, most_ms=9.0), Latency(p50_ms=8.0, p99_ms=9.0, most_ms=9.0)],
}


def test_the_median_is_compared_with_the_parts_of_the_same_round_and_5_ms_and_with_the_bare_pipeline() -> None:
    of_parts, of_bare = ratios(10, WHOLES[10], ALONE, BARES[10])
    assert (of_parts.measured, of_parts.compared) == ([8.0, 9.0], [10.0, 10.0])
    assert of_parts.ratio.median == pytest.approx(0.85)
    assert of_parts.limit.at_most == 1
    assert (of_bare.measured, of_bare.compared) == ([8.0, 9.0], [4.0, 6.0])


def test_the_bare_pipeline_at_a_load_of_its_own_is_compared_with_the_parts_and_has_no_limit() -> None:
    row = bare_ratio(80, BARES[50], ALONE)
    assert (row.measured, row.compared, row.limit.at_most) == ([7.0, 8.0], [10.0, 10.0], None)


def test_the_parts_and_the_tails_are_figures() -> None:
    values = {figure.what: figure.values for figure in figures([900.0, 1000.0], [1200.0], WHOLES, ALONE)}
    assert values["maximum of the bare pipeline"] == [1200.0]
    assert values["part: work on one image"] == [0.5, 0.5]
    assert values["p99 at 50 % of the maximum"] == [30.0, 40.0]


def test_the_plot_shows_medians_of_rounds() -> None:
    curves = {curve.name: (curve.x, curve.y) for curve in plot(WHOLES, ALONE, BARES).curves}
    assert curves["p99"] == ([10.0, 50.0], [13.0, 35.0])
    assert curves["parts alone + 5 ms"][1] == [10.0, 10.0]
    assert curves["bare pipeline at the same rate"][1] == [5.0, 7.5]
