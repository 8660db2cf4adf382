"""The cost of the operator, compared with a bare loop of the same writes; see README.md."""

import argparse
import sys

from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Curve, Figure, Limit, Plot, Report
from benchmarks.operator.run import Result, measure

WHOLE = (250, 500, 1000, 2000, 5000)
DEFAULT = WHOLE[:3]
SMOKE = (10,)

STEADY_S = 120.0
"""Longer than a watch of Secrets or ConfigMaps lasts or may be silent (reference_watch.py): its end is measured too."""

SMALL = 1000
"""The limits of memory and of a restart are meant for up to this many pipelines."""


def main() -> None:
    """Measure, and with `--check` exit with 1 if a limit is exceeded."""
    parser = parser_of(__doc__, rounds=1)
    parser.add_argument(
        "--counts", type=int, nargs="+", metavar="N", default=DEFAULT, help="numbers of pipelines (%(default)s)"
    )
    parser.add_argument("--whole", action="store_true", help=f"the whole curve: {WHOLE} (an hour)")
    parser.add_argument("--steady", type=float, default=STEADY_S, metavar="SECONDS", help="(%(default)s)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is exceeded")
    report = run(parser, report_of)
    if parser.parse_args().check and report.missed:
        sys.exit(f"exceeded: {'; '.join(report.missed)}")


def report_of(options: argparse.Namespace, machine: Machine) -> Report:
    """Measure every number of pipelines once a round."""
    counts = SMOKE if options.smoke else WHOLE if options.whole else options.counts
    steady_s = 1.0 if options.smoke else options.steady
    results = {count: [measure(count, steady_s=steady_s) for _ in range(options.rounds)] for count in sorted(counts)}
    first = next(iter(results.values()))
    comparisons = [_time(runs) for runs in results.values()]
    comparisons += [_memory(first, runs) for runs in list(results.values())[1:]]
    return Report(
        benchmark="operator",
        machine=machine,
        smoke=options.smoke,
        comparisons=comparisons,
        figures=[figure for runs in results.values() for figure in _figures(runs)],
        plots=[_plot(results)],
        notes=["pipelines without workers, and a stand-in for Strimzi without Kafka, on the cores of the API server"],
    )


def _time(runs: list[Result]) -> Comparison:
    return Comparison(
        what=f"{runs[0].pipelines:,} pipelines, all Ready",
        baseline="bare loop",
        unit="s",
        measured=[run.ready_s for run in runs],
        compared=[run.bare_loop_s for run in runs],
        limit=Limit(at_most=1.5),
    )


def _memory(first: list[Result], runs: list[Result]) -> Comparison:
    return Comparison(
        what=f"memory per pipeline, {runs[0].pipelines:,}",
        baseline=f"of {first[0].pipelines:,}",
        unit="kB",
        measured=[run.kb_per_pipeline for run in runs],
        compared=[run.kb_per_pipeline for run in first],
        limit=Limit(at_most=1.2),
    )


def _figures(runs: list[Result]) -> list[Figure]:
    count = runs[0].pipelines
    small = count <= SMALL
    none = Limit(at_most=0)

    def figure(what: str, unit: str, values: list[float], limit: Limit = Limit()) -> Figure:  # noqa: B008 - frozen
        return Figure(what=f"{count:,} pipelines: {what}", unit=unit, values=values, limit=limit)

    return [
        figure("change of one seen", "s", [s for run in runs for s in run.changes_s], Limit(at_most=1)),
        figure("restart", "s", [run.restart_s for run in runs], Limit(at_most=20 if small else None)),
        figure("writes after the restart", "", [run.restart_writes for run in runs], none),
        figure("steady state, writes", "", [run.steady_writes for run in runs], none),
        figure("steady state, reconciliations", "", [run.steady_reconciles for run in runs], none),
        figure("steady state, CPU of a core", "%", [run.steady_cpu * 100 for run in runs], Limit(at_most=2)),
        figure("peak memory", "MB", [run.memory_mb for run in runs], Limit(at_most=400 if small else None)),
    ]


def _plot(results: dict[int, list[Result]]) -> Plot:
    lowest = [min(runs, key=lambda run: run.ready_s) for runs in results.values()]
    counts = [float(count) for count in results]
    return Plot(
        name="operator",
        title="Until all pipelines are Ready",
        x="pipelines",
        y="s",
        curves=[
            Curve(name="operator", x=counts, y=[run.ready_s for run in lowest]),
            Curve(name="bare loop of the same writes", x=counts, y=[run.bare_loop_s for run in lowest]),
        ],
    )


if __name__ == "__main__":
    main()
