"""The web console: `python -m benchmarks.console [--only wall|consoles|rows]`.

- wall: in Chromium, how soon the wall of live images shows something, whether it stays smooth, and whether it keeps
  memory, while 50 answered images a second come.
- consoles: how fast the service accepts images while five consoles are open, beside none.
- rows: in Chromium, whether Explore is smooth with a store of 1,000,000 results.

A task is what the page's thread does without a pause: one of more than 50 ms is felt as a stutter.
"""

import argparse
from typing import TYPE_CHECKING

from benchmarks.console.consoles import measure_consoles
from benchmarks.console.rows import measure_rows
from benchmarks.console.wall import measure_wall
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Figure, Report

if TYPE_CHECKING:
    from collections.abc import Callable

_SMOKE_ROWS = 1_000


def main() -> None:
    """Measure and report."""
    parser = parser_of(__doc__, rounds=8)
    parser.add_argument("--only", choices=["wall", "consoles", "rows"], help="one part (all)")
    parser.add_argument("--minutes", type=float, default=5.0, help="of live images (%(default)s)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="results in the store (%(default)s)")
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Measure one part after the other."""
    comparisons: list[Comparison] = []
    figures: list[Figure] = []

    def wall() -> None:
        figures.extend(measure_wall(min(3, options.rounds), options.minutes, smoke=options.smoke))

    def consoles() -> None:
        comparisons.extend(measure_consoles(options.rounds, smoke=options.smoke))

    def rows() -> None:
        figures.extend(measure_rows(_SMOKE_ROWS if options.smoke else options.rows, smoke=options.smoke))

    parts: dict[str, Callable[[], None]] = {"wall": wall, "consoles": consoles, "rows": rows}
    for name, part in parts.items():
        if options.only in {None, name}:
            part()
    return Report(
        benchmark="console",
        machine=machine,
        smoke=options.smoke,
        comparisons=comparisons,
        figures=figures,
        notes=[
            "Chromium without a GPU, on the cores of the service and the broker",
            "five consoles: programs that request what the page requests, because five browsers would take the cores",
        ],
    )


if __name__ == "__main__":
    main()
