"""Processes that end with their parent."""

import subprocess
import sys

import psutil
import pytest

from darkroom.processes.parent_death import ending_with_us

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = f"""
import subprocess
from darkroom.processes.parent_death import ending_with_us
print(subprocess.Popen(ending_with_us({SLEEP!r})).pid, flush=True)
input()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_command_ends_with_its_parent_though_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    assert psutil.wait_procs([child], 20)[1] == []


def test_a_command_gets_its_arguments_and_its_exit_code_is_the_processs_own() -> None:
    script = "import sys; print(sys.argv[1:]); sys.exit(7)"
    done = subprocess.run(
        ending_with_us([sys.executable, "-c", script, "a b", ""]), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (7, "['a b', '']\n")


def test_a_command_whose_parent_has_ended_already_is_not_run() -> None:
    command = ending_with_us([sys.executable, "-c", "print('ran')"])
    pid_at = command.index("-S") + 2
    command[pid_at] = "1"  # not our process id, as if we had ended and it had been given another parent
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
