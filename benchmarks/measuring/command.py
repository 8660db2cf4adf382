"""The command line of every benchmark: rounds, a short form that only shows that it works, and the report."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import RESULTS, Report

Measure = Callable[[argparse.Namespace, Machine], Report]

_STALLS_S: Final = 5.0


def parser_of(description: str | None, *, rounds: int) -> argparse.ArgumentParser:
    """A parser with the options that all benchmarks have: `--rounds`, `--smoke` and `--results`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, help="(%(default)s)")
    parser.add_argument("--smoke", action="store_true", help="seconds instead of minutes: its numbers mean nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON file (%(default)s)")
    return parser


def run(parser: argparse.ArgumentParser, measure: Measure, arguments: list[str] | None = None) -> Report:
    """Measure, print the report, write it to the results folder, and return it."""
    options = parser.parse_args(arguments)
    if options.smoke:
        options.rounds = 1
    started = time.monotonic()
    report = measure(options, Machine.here(_STALLS_S / 100 if options.smoke else _STALLS_S))
    file = report.write(options.results)
    report.show(Console(width=180))
    print(f"{time.monotonic() - started:.0f} s; written to {file}")
    return report
