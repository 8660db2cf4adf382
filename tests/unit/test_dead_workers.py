"""The report of a worker of pytest-xdist that dies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TESTS = """
import ctypes, os, signal, sys

def test_crashes():
    print("printed before the crash", flush=True)
    ctypes.string_at(0)

def test_is_killed():
    os.write(2, b"written before the kill")
    os.kill(os.getpid(), signal.SIGKILL)

def test_exits():
    os._exit(3)
"""


@pytest.mark.processes
def test_the_summary_says_why_each_worker_died(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    plugins = ["-p", "tests.support.temporary_folder", "-p", "tests.support.dead_workers"]
    folders = ["--rootdir", str(tmp_path), "--basetemp", str(tmp_path / "tests")]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-n1", *plugins, *folders, str(tmp_path / "test_it.py")],
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    deaths = run.stdout.split(" a worker died ")[1:]
    (crashed,) = (death for death in deaths if "was ended by SIGSEGV\n" in death)
    assert ", line 6 in test_crashes\n" in crashed
    assert "printed before the crash\n" in crashed
    (killed,) = (death for death in deaths if "was ended by SIGKILL; the kernel has killed " in death)
    assert "written before the kill\n" in killed
    assert any("exited with code 3\n" in death for death in deaths)
    assert "left in the temporary folder" not in run.stdout
