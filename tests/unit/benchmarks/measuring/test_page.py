import pytest

from benchmarks.measuring.machine import Machine
from benchmarks.measuring.page import with_results
from benchmarks.measuring.report import Comparison, Curve, Figure, Limit, Plot, Report
from benchmarks.measuring.stalls import Stalls

STALLS = Stalls(share=0.02, longest_ms=21)
PAGE = "# Performance\n\n<!-- results: generated -->\nold\n<!-- end of results -->\n\n## Why\n"


def report() -> Report:
    machine = Machine(processor="Z80", cores=2, memory_gib=1, system="CP/M", python="3.11.1", load=0.5, stalls=STALLS)
    limit = Limit(at_least=0.9)
    return Report(
        benchmark="worker",
        machine=machine,
        comparisons=[
            Comparison(what="digits", baseline="bare", unit="images/s", measured=[80], compared=[100], limit=limit)
        ],
        figures=[Figure(what="memory", unit="MiB", values=[50, 70, 60])],
        plots=[
            Plot(name="loops", title="Images over loops", x="loops", y="1/s", curves=[Curve(name="a", x=[1], y=[1])])
        ],
        notes=["Two loops."],
    )


def test_the_results_replace_those_between_the_marks() -> None:
    lines = with_results(PAGE, [report()], drawn={"loops"}).splitlines()
    assert lines[0] == "# Performance"
    assert lines[-1] == "## Why"
    assert "old" not in lines
    assert any(line.endswith("load before: 0.5; cores stood still: 2.0% of the time, at most 21 ms.") for line in lines)
    assert "| digits | images/s | 80 | bare | 100 | 0.8 / 0.8 / 0.8 | >= 0.9 | NO |" in lines
    assert "| memory | MiB | 50 / 60 / 70 |  |  |" in lines
    assert "- Two loops." in lines
    assert "![Images over loops](../images/performance/loops.svg)" in lines


def test_a_page_stays_the_same_when_its_results_do() -> None:
    page = with_results(PAGE, [report()], drawn=set())
    assert with_results(page, [report()], drawn=set()) == page


def test_a_plot_that_is_not_drawn_is_not_linked() -> None:
    assert "loops.svg" not in with_results(PAGE, [report()], drawn=set())


def test_without_results_the_page_says_so() -> None:
    assert "No results yet." in with_results(PAGE, [], drawn=set())


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        with_results("# Performance\n", [], drawn=set())
