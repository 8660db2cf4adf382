"""Every benchmark runs in its short form and reports ratios. Their values mean nothing there."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, LONG
from benchmarks.measuring.report import Report

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", BENCHMARKS | LONG)
def test_a_benchmark_runs_and_reports_ratios(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", *(BENCHMARKS | LONG)[name].split(), "--smoke", "--results", str(tmp_path)]
    run = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False
    )
    assert run.returncode == 0, run.stdout
    report = Report.model_validate_json((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert report.benchmark == name
    assert report.smoke
    assert report.comparisons or report.figures
    assert all(comparison.ratio.least > 0 for comparison in report.comparisons), run.stdout
