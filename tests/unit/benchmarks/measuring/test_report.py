import io
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Figure, Limit, Report, Spread


def comparison(*, at_least: float | None = None, at_most: float | None = None) -> Comparison:
    return Comparison(
        what="digits",
        baseline="without Kafka",
        unit="images/s",
        measured=[90.0, 40.0, 80.0],
        compared=[100.0, 50.0, 160.0],
        limit=Limit(at_least=at_least, at_most=at_most),
    )


def shown(report: Report) -> str:
    text = io.StringIO()
    report.show(Console(file=text, width=180))
    return text.getvalue()


def test_a_ratio_is_that_of_the_values_of_the_same_round() -> None:
    assert comparison().ratio == Spread(least=0.5, median=0.8, most=0.9)


def test_as_many_baselines_as_measurements_are_needed() -> None:
    with pytest.raises(ValueError, match="argument 2 is longer"):
        _ = Comparison(what="a", baseline="b", unit="s", measured=[1.0], compared=[1.0, 2.0]).ratio


@pytest.mark.parametrize(
    ("limit", "reached"),
    [
        (Limit(at_least=0.8), True),
        (Limit(at_least=0.81), False),
        (Limit(at_most=0.8), True),
        (Limit(at_most=0.79), False),
    ],
)
def test_the_median_decides_whether_a_limit_is_reached(limit: Limit, reached: bool) -> None:
    assert limit.is_reached(comparison().ratio.median) is reached


def test_a_report_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    report = Report(benchmark="worker", machine=Machine.here(0.01), comparisons=[comparison(at_least=0.9)])
    file = report.write(tmp_path)
    assert file.name == "worker.json"
    assert Report.model_validate_json(file.read_text(encoding="utf-8")) == report


def test_a_table_says_what_was_reached() -> None:
    memory = Figure(what="memory", unit="MiB", values=[118.0], limit=Limit(at_most=128.0))
    text = shown(
        Report(benchmark="b", machine=Machine.here(0.01), comparisons=[comparison(at_least=0.9)], figures=[memory])
    )
    (ratio,) = (line for line in text.splitlines() if "digits" in line)
    assert "0.5 / 0.8 / 0.9" in ratio
    assert ">= 0.9" in ratio
    assert "NO" in ratio
    (figure,) = (line for line in text.splitlines() if "memory" in line)
    assert "yes" in figure
