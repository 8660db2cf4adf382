"""What the summary of a run of tests says about workers of pytest-xdist that died, and about CPU time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]

DYING = """
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
WORKING = """
import subprocess, sys, time

def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

def test_starts_a_process_that_works():
    subprocess.run([sys.executable, __file__], check=True)

def test_works():
    work(0.1)

def test_does_little():
    pass

if __name__ == "__main__":
    work(0.3)
"""


def summary(tests: str, folder: Path, plugin: str, *options: str) -> str:
    """Run `tests` with a plugin, in one worker. Returns the output."""
    file = folder / "here/test_it.py"
    file.parent.mkdir()
    file.write_text(tests, encoding="utf-8")
    plugins = ["-p", "tests.support.temporary_folder", "-p", plugin]
    folders = ["--rootdir", str(folder), "--basetemp", str(folder / "tests")]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-n1", *plugins, *folders, *options, str(file)],
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    ).stdout


def test_it_says_why_each_worker_died(tmp_path: Path) -> None:
    said = summary(DYING, tmp_path, "tests.support.dead_workers")
    deaths = said.split(" a worker died ")[1:]
    (crashed,) = (death for death in deaths if "was ended by SIGSEGV\n" in death)
    assert ", line 6 in test_crashes\n" in crashed
    assert "printed before the crash\n" in crashed
    (killed,) = (death for death in deaths if "was ended by SIGKILL; the kernel has killed " in death)
    assert "written before the kill\n" in killed
    assert any("exited with code 3\n" in death for death in deaths)
    assert "after tests of these files:\n  here/test_it.py\n" in said
    assert "left in the temporary folder" not in said


def test_it_says_where_the_cpu_time_went(tmp_path: Path) -> None:
    said = summary(WORKING, tmp_path, "tests.support.cpu_times", "--durations=2")
    _, _, times = said.partition(" CPU time of the tests: ")
    folder, first, second = re.findall(r"^(.*) s (here.*)$", times, re.MULTILINE)
    assert (folder[1], float(folder[0]) >= 0.4) == ("here", True)
    assert (first[1], float(first[0]) >= 0.3) == ("here/test_it.py::test_starts_a_process_that_works", True)
    assert (second[1], float(second[0]) >= 0.1) == ("here/test_it.py::test_works", True)
