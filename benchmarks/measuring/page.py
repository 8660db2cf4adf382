"""The results of all benchmarks as tables and plots of docs/explanation/performance.md."""

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measuring.report import PLOTS, RESULTS, Comparison, Figure, Report, number

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "performance.md"
_BEGIN = "<!-- results: generated -->\n"
_END = "<!-- end of results -->\n"


def performance_page() -> str:
    """The page, with the results in benchmarks/results."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(RESULTS.glob("*.json"))]
    reports = [Report.model_validate_json(text) for text in texts]
    return with_results(PAGE.read_text(encoding="utf-8"), reports, drawn={file.stem for file in PLOTS.glob("*.svg")})


def with_results(page: str, reports: Sequence[Report], *, drawn: set[str]) -> str:
    """`page` with the results of `reports` between its two marks, and those plots that are `drawn`.

    Raises:
        ValueError: `page` lacks a mark.
    """
    head, began, rest = page.partition(_BEGIN)
    _, ended, tail = rest.partition(_END)
    if not (began and ended):
        raise ValueError(f"the page needs the lines {_BEGIN.strip()} and {_END.strip()}")
    lines = [line for report in reports for line in _section(report, drawn)] or ["No results yet.", ""]
    return "\n".join([head + _BEGIN, *lines, _END + tail])


def _section(report: Report, drawn: set[str]) -> Iterator[str]:
    machine = report.machine
    seen = f"{report.ended:%d %B %Y}, {machine.cores} cores, {machine.processor}, Python {machine.python}"
    before = f"load before: {machine.load}" + (f"; {machine.stalls}" if machine.stalls else "")
    yield from (f"### {report.benchmark}", "", f"{seen}; {before}.", "")
    if report.comparisons:
        yield "| measured | unit | median | baseline | median | ratio: min / median / max | to reach | reached |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        yield from (_comparison(row) for row in report.comparisons)
        yield ""
    if report.figures:
        yield "| measured | unit | min / median / max | to reach | reached |"
        yield "| --- | --- | --- | --- | --- |"
        yield from (_figure(row) for row in report.figures)
        yield ""
    yield from (f"- {note}" for note in report.notes)
    if report.notes:
        yield ""
    for plot in report.plots:
        if plot.name in drawn:
            yield from (f"![{plot.title}](../images/performance/{plot.name}.svg)", "")


def _comparison(row: Comparison) -> str:
    measured, compared = (number(statistics.median(values)) for values in (row.measured, row.compared))
    ratio = row.ratio
    reached = row.limit.verdict(ratio.median)
    return f"| {row.what} | {row.unit} | {measured} | {row.baseline} | {compared} | {ratio} | {row.limit} | {reached} |"


def _figure(row: Figure) -> str:
    return f"| {row.what} | {row.unit} | {row.spread} | {row.limit} | {row.limit.verdict(row.spread.median)} |"
