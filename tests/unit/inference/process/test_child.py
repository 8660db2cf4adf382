"""A worker process that is started again when it ends, with a real process and a clock that a test sets."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom_inference.process.child import Child
from tests.support.until import until

PROGRAM = """
import os, signal, sys
os.write(int(sys.argv[1]), b"8081")
for line in open(sys.argv[2]):
    sys.exit(int(line))
signal.pause()
"""


class Watched:
    """A child that ends at once with the code in `file`, if there is one, else when it is told to."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.file.touch()
        self.now = 0.0
        self.child = Child(
            1, lambda port: [sys.executable, "-c", PROGRAM, str(port), str(self.file)], clock=lambda: self.now
        )

    def until_ended(self) -> int:
        """Its exit code."""
        codes: list[int | None] = []

        def ended() -> bool:
            codes.append(self.child.supervise())
            return codes[-1] is not None

        until(ended, "its end")
        return codes[-1] or 0

    def until_started(self) -> None:
        until(lambda: self.child.supervise() is None and self.child.port, "its port")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "code")
    yield made
    made.child.wait(0)


def test_it_tells_its_port_while_it_runs(watched: Watched) -> None:
    watched.until_started()
    assert watched.child.port == 8081
    watched.child.terminate()
    watched.until_ended()
    assert watched.child.port is None


def test_its_exit_code_is_told_once_and_it_is_started_again_after_a_pause(watched: Watched) -> None:
    watched.file.write_text("70")
    assert watched.until_ended() == 70
    watched.file.write_text("")
    assert watched.child.supervise() is None
    assert watched.child.wait(0), "nothing runs before the pause is over"
    watched.now += 0.5
    watched.until_started()


def test_the_pause_grows_until_it_has_run_for_a_minute(watched: Watched) -> None:
    watched.file.write_text("1")
    pauses = []
    for ran_s in [0.0, 0.0, 0.0, 0.0, 61.0]:
        watched.child.supervise()
        watched.now += ran_s
        watched.until_ended()
        began = watched.now
        watched.now = watched.child._start_at
        pauses.append(watched.now - began)
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, [0.5, 1, 2, 4, 0.5], strict=True))


def test_one_that_a_signal_ended_tells_which(watched: Watched) -> None:
    watched.until_started()
    watched.child.terminate()
    assert watched.until_ended() == -signal.SIGTERM


@pytest.mark.skipif(sys.platform == "darwin", reason="the system does not say it")
def test_it_says_whether_it_is_stopped(watched: Watched) -> None:
    assert not watched.child.is_stopped
    watched.until_started()
    assert not watched.child.is_stopped
    assert watched.child._process is not None
    watched.child._process.send_signal(signal.SIGSTOP)
    until(lambda: watched.child.is_stopped, "it is stopped")
    assert watched.child.is_stopped
    watched.child._process.send_signal(signal.SIGCONT)
    until(lambda: not watched.child.is_stopped, "it continues")


def test_one_that_hangs_is_ended_with_sigabrt(watched: Watched) -> None:
    watched.until_started()
    watched.child.abort()
    assert watched.until_ended() == -signal.SIGABRT


def test_one_that_does_not_end_in_time_is_killed(watched: Watched) -> None:
    watched.until_started()
    assert not watched.child.wait(0)
    assert watched.child.port is None
    assert watched.child.wait(0), "nothing runs any more"
