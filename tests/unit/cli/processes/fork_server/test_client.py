"""The fork server runs modules in processes that look and end like those of new interpreters."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from darkroom_cli.processes.fork_server.client import ForkedProcess, ForkServer
from tests.support.until import until

MODULE = "a_service_of_a_test"
PROGRAM = """
import os, sys

imported_by = os.getpid()

def main():
    print(os.getpid(), imported_by != os.getpid(), os.environ["COLOUR"], *sys.argv[1:], flush=True)
    sys.exit(int(sys.stdin.readline()))
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    (tmp_path / MODULE).mkdir()
    (tmp_path / MODULE / "command.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    server = ForkServer([MODULE])
    yield server
    server.close()


def test_a_module_runs_in_a_process_that_has_not_imported_it(server: ForkServer) -> None:
    process, pid, said = started(server, "one", "two")
    assert said == "True red one two"
    assert " ".join(psutil.Process(pid).cmdline()).rstrip().endswith(f"-P -m {MODULE} one two")
    process.stdin.write(b"7\n")
    process.stdin.close()
    assert process.wait() == 7

    killed, pid, _ = started(server)
    os.kill(pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    killed.send_signal(signal.SIGKILL)


def test_processes_end_with_the_fork_server(server: ForkServer) -> None:
    process, pid, _ = started(server)
    server.close()
    assert process.wait() == -signal.SIGKILL
    until(lambda: not psutil.pid_exists(pid), "the end of the process", 10)
    with pytest.raises(OSError, match="Bad file descriptor"):
        started(server)


def started(server: ForkServer, *arguments: str) -> tuple[ForkedProcess, int, str]:
    """A process, its pid, and the rest of what it says."""
    with Path(os.devnull).open("wb") as errors:
        process = server.start(MODULE, arguments, {"COLOUR": "red"}, errors)
    pid, _, said = process.stdout.readline().decode().strip().partition(" ")
    return process, int(pid), said
