"""Reports in the summary why a worker of pytest-xdist died: its signal or exit code, its threads, its last output.

And the files of its last tests: a thread of a library that an earlier test has left may end the process.

xdist itself only says that a worker crashed. What the worker printed is lost with it, because pytest captures it into a
deleted file; that includes the message of a library that calls abort(). This process opens that file while the worker
runs, to read it afterwards.
"""

import faulthandler
import signal
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

import pytest

_WORKER_INPUT = "darkroom_trace"
_EXIT_TIMEOUT_S = 10.0
_FILE_BYTES = 50_000
_LAST_FILES = 30


class _Kept:
    """What remains of a worker after its death: the trace of its threads, and its captured output."""

    def __init__(self, worker: str) -> None:
        self._files = ExitStack()
        trace = tempfile.NamedTemporaryFile(prefix=f"darkroom-trace-{worker}-")  # noqa: SIM115 - closed in close()
        self.trace = self._files.enter_context(trace)
        self._captured: list[IO[bytes]] = []
        self._ran: dict[str, None] = {}

    def ran(self, file: str) -> None:
        """Note a file whose tests it has run."""
        self._ran.pop(file, None)
        self._ran[file] = None

    def capture(self, pid: int) -> None:
        """Open the deleted files to which the process `pid` writes, on Linux."""
        for file in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(OSError):  # it has been closed
                if file.readlink().name.endswith(" (deleted)"):
                    self._captured.append(self._files.enter_context(file.open("rb")))

    def read(self) -> str:
        ran = "".join(f"  {file}\n" for file in [*self._ran][-_LAST_FILES:])
        output = b"".join(file.read()[-_FILE_BYTES:] for file in [self.trace, *self._captured])
        return f"after tests of these files:\n{ran}{output.decode(errors='replace')}"

    def close(self) -> None:
        self._files.close()


_KEPT = pytest.StashKey[dict[str, _Kept]]()
_DEATHS = pytest.StashKey[list[str]]()
_OOM_KILLS = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """In a worker, have fatal signals write the trace to the file of `_Kept`, after pytest had them write to stderr."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker:
        trace = Path(worker[_WORKER_INPUT]).open("wb")  # noqa: SIM115 - closed once pytest has disabled the handler
        faulthandler.enable(trace)
        config.add_cleanup(trace.close)
        return
    config.stash[_KEPT], config.stash[_DEATHS], config.stash[_OOM_KILLS] = {}, [], _oom_kills()
    config.add_cleanup(lambda: _close(config.stash[_KEPT]))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called by xdist before it starts a worker."""
    kept = node.config.stash[_KEPT][node.gateway.id] = _Kept(node.gateway.id)
    node.workerinput[_WORKER_INPUT] = kept.trace.name


@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node: Any) -> None:
    """Called by xdist once a worker has started."""
    node.config.stash[_KEPT][node.gateway.id].capture(node.gateway._io.popen.pid)


def pytest_runtest_logreport(report: Any) -> None:
    """Called for every test; in the process that started the workers, with the worker as `report.node`."""
    if (node := getattr(report, "node", None)) is not None:
        node.config.stash[_KEPT][node.gateway.id].ran(report.nodeid.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """Called by xdist when a worker has ended, with an error if nothing told it to."""
    if error is not None and error != "keyboard-interrupt":
        kept = node.config.stash[_KEPT][node.gateway.id]
        how = _how_it_ended(node.gateway._io.popen, _oom_kills() - node.config.stash[_OOM_KILLS])
        node.config.stash[_DEATHS].append(f"{node.gateway.id} {how}\n{kept.read()}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for death in config.stash.get(_DEATHS, []):
        terminalreporter.section("a worker died", red=True)
        terminalreporter.write_line(death)


def _close(kept: dict[str, _Kept]) -> None:
    for of_a_worker in kept.values():
        of_a_worker.close()


def _how_it_ended(process: subprocess.Popen[bytes], oom_kills: int) -> str:
    try:
        code = process.wait(_EXIT_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f"(process {process.pid}) still runs, but the connection to it was lost"
    if code >= 0:
        return f"(process {process.pid}) exited with code {code}"
    how = f"(process {process.pid}) was ended by {signal.Signals(-code).name}"
    if code == -signal.SIGKILL:
        how += f"; the kernel has killed {oom_kills} processes for lack of memory since the run began"
    return how


def _oom_kills() -> int:
    """How many processes the kernel has killed for lack of memory since it started."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
