"""Servers as processes: their ports, CPU time and memory."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import psutil

from benchmarks.ingestion.client import CpuTime
from benchmarks.ingestion.target import Target
from benchmarks.measuring.processes import cpu_s, memory_mb
from darkroom.processes.parent_death import ending_with_us
from darkroom_cli.processes.ports import accepts_connections
from darkroom_inference.process.local_requests import get

_ROOT = Path(__file__).parents[2]
_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 30.0
_REST_S = 0.25
_REST_TIMEOUT_S = 20.0
_STORE_MODULE = "darkroom_ingestion.filling"
_THUMBNAILS_MODULE = "darkroom_ingestion.thumbnails"
_SERVER, _STORE, _PARENT, _THUMBNAILS = "server", "store", "parent", "thumbnails"
_IN_THE_BACKGROUND = {_STORE, _THUMBNAILS}
_UVICORN = r"running on http://127.0.0.1:(\d+)"
_SERVICE = r'"url": "http://127.0.0.1:(\d+)"'


@dataclass
class Server:
    """A running server with its child processes."""

    port: int
    process: psutil.Process
    _parts: dict[int, str] = field(default_factory=dict)

    def cpu_time(self) -> CpuTime:
        """CPU time until now."""
        used = [(part, cpu_s(pid)) for pid, part in self._processes().items()]
        return CpuTime(
            sum(seconds for part, seconds in used if part not in _IN_THE_BACKGROUND),
            sum(seconds for _, seconds in used),
        )

    def until_at_rest(self) -> None:
        """Wait until the processes use little CPU time: the service fills its store after it has responded."""
        deadline = time.monotonic() + _REST_TIMEOUT_S
        before = self.cpu_time().all
        while time.monotonic() < deadline:
            time.sleep(_REST_S)
            now = self.cpu_time().all
            if now - before < _REST_S / 10:
                return
            before = now

    def until_clients(self, number: int) -> None:
        """Wait until the service has so many clients of its live feed."""
        deadline = time.monotonic() + _REST_TIMEOUT_S
        while f"darkroom_sse_clients {number}.0" not in get(self.port, "/metrics")[1]:
            if time.monotonic() > deadline:
                raise SystemExit(f"the service has no {number} clients of its live feed")
            time.sleep(_REST_S)

    def memory_mb(self) -> list[tuple[str, float]]:
        """What every process does, and its memory. Memory that processes share is divided by them."""
        return [(part, memory_mb(pid)) for pid, part in self._processes().items()]

    def _processes(self) -> dict[int, str]:
        """The processes by id. A process that has ended stays, so that its CPU time is missed and not forgotten."""
        for process in [self.process, *self.process.children(recursive=True)]:
            if process.pid not in self._parts:
                self._parts[process.pid] = _part_of(" ".join(process.cmdline()))
        return self._parts


def _part_of(command: str) -> str:
    if _STORE_MODULE in command:
        return _STORE
    if _THUMBNAILS_MODULE in command:
        return _THUMBNAILS
    return _PARENT if "--workers" in command else _SERVER


@contextmanager
def serving(
    command: list[str], find_port: Callable[[str], int | None], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start a server on 127.0.0.1 and wait until it is ready.

    Args:
        command: the command.
        find_port: the port, given what the server has written until now; None while it is not ready.
        log: the file for its output.
        environment: additional environment variables.
    """
    variables = {**os.environ, "PYTHONPATH": str(_ROOT), **(environment or {})}
    with log.open("wb") as file:
        process = subprocess.Popen(
            ending_with_us(command), stdout=file, stderr=subprocess.STDOUT, cwd=log.parent, env=variables
        )
    try:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not (port := find_port(log.read_text(encoding="utf-8"))):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(command)} does not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT_S)
        process.kill()


def says(pattern: str) -> Callable[[str], int | None]:
    """For `serving`: finds the port in a line of the log, as the group of the regular expression `pattern`."""

    def find_port(log: str) -> int | None:
        found = re.search(pattern, log)
        return int(found[1]) if found else None

    return find_port


def is_ready(port: int | None) -> bool:
    """Whether the service or worker on a port is ready."""
    return port is not None and get(port, "/readyz")[0] == HTTPStatus.OK


def bare(
    application: str, environment: Mapping[str, str], folder: Path, workers: int
) -> contextlib.AbstractContextManager[Server]:
    """A bare ASGI application on uvicorn, as the service runs: uvloop and httptools.

    Args:
        application: a function, or a class of which to make one, as in "benchmarks.ingestion.bare:drop".
        environment: additional environment variables.
        folder: the folder for its output.
        workers: the number of processes.
    """
    command = [sys.executable, "-m", "uvicorn", application, "--port", "0"]
    command += ["--no-access-log", "--lifespan", "off", "--workers", str(workers)]
    name = application.rpartition(":")[2]
    command += ["--factory"] if name[0].isupper() else []
    listening = says(_UVICORN)

    def find_port(log: str) -> int | None:
        # With several processes, uvicorn says that it runs before they accept connections.
        port = listening(log) if log.count("Started server process") == workers else None
        return port if port and accepts_connections(port) else None

    return serving(command, find_port, folder / f"{name}-{workers}.log", environment)


def ingestion(
    target: Target,
    folder: Path,
    workers: int,
    *,
    database: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> contextlib.AbstractContextManager[Server]:
    """The ingestion service, with a results store of its own unless `database` is the URL of one."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "darkroom_ingestion", "--catalog", str(target.catalog(folder))]
    command += [
        "--database",
        database or f"sqlite:///{folder}/store-{workers}.db",
        "--port",
        "0",
        "--log-format",
        "json",
    ]
    command += ["--workers", str(workers)] if workers > 1 else []
    listening = says(_SERVICE)

    def find_port(log: str) -> int | None:
        port = listening(log)
        return port if is_ready(port) else None

    return serving(command, find_port, folder / f"ingestion-{workers}.log", environment)
