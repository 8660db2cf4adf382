"""A child process whose start is held until its parent releases it."""

import os
import subprocess
import sys

from darkroom.processes.held_start import CONTINUE, HELD, LOADED

CHILD = """
from darkroom.processes.held_start import continue_when_released, is_held
released = continue_when_released()
print("goes on" if released else "its parent ended", is_held(), flush=True)
"""


def start(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **environment}
    )


def test_a_held_process_says_that_it_has_loaded_and_continues_when_released() -> None:
    with start(HELD) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == LOADED
        assert child.communicate(CONTINUE) == (b"", b"goes on False\n")  # stdout is now stderr


def test_a_held_process_learns_that_its_parent_has_ended() -> None:
    with start(HELD) as child:
        assert child.communicate()[1] == b"its parent ended False\n"


def test_a_process_that_is_not_held_continues_at_once() -> None:
    with start({}) as child:
        assert child.communicate() == (b"goes on False\n", b"")
