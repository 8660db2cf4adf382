"""All benchmarks, one after the other: `python -m benchmarks [NAME ...] [--smoke]`; at the end one table of ratios.

Each runs in a process of its own, and writes `benchmarks/results/NAME.json`.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.measuring.report import RESULTS, Report

BENCHMARKS: dict[str, str] = {
    "ingestion": "benchmarks.ingestion",
    "store": "benchmarks.store",
    "worker": "benchmarks.worker",
    "operator": "benchmarks.operator",
    "latency": "benchmarks.latency",
    "start": "benchmarks.start",
    "scaling": "benchmarks.scaling",
}
"""The modules of the benchmarks that `make bench` runs, by the name of their results."""

LONG = {
    "soak": "benchmarks.soak",
    "scaling-real": "benchmarks.scaling --real",
    "console": "benchmarks.console",
    "tracing": "benchmarks.tracing",
}
"""Benchmarks that take too long for `make bench`, or need a browser."""


def main() -> None:
    """Run them, print the tables, and fail if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(BENCHMARKS)} (all)")
    parser.add_argument("--smoke", action="store_true", help="seconds instead of minutes: the numbers mean nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="(%(default)s)")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(BENCHMARKS)}")
    failed = []
    for name in options.names or BENCHMARKS:
        command = [sys.executable, "-m", BENCHMARKS[name], "--results", str(options.results)]
        if subprocess.run([*command, *(["--smoke"] if options.smoke else [])], check=False).returncode:
            failed.append(name)
    console = Console(width=180)
    for name in options.names or BENCHMARKS:
        if name not in failed:
            text = (options.results / f"{name}.json").read_text(encoding="utf-8")
            Report.model_validate_json(text).show(console)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
