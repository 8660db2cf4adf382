"""Servers as processes: their ports, CPU time and memory."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.ingestion.target import Target

_ROOT = Path(__file__).parents[2]
_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 30.0
_UVICORN = r"running on http://127.0.0.1:(\d+)"
_SERVICE = r'"url": "http://127.0.0.1:(\d+)"'


@dataclass
class Server:
    """A running server. Its child processes count as parts of it."""

    port: int
    process: psutil.Process
    _parts: dict[int, psutil.Process] = field(default_factory=dict)

    def cpu_s(self) -> float:
        """CPU seconds of all processes until now."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def memory_mib(self) -> list[float]:
        """The memory of every process, the oldest process first. Memory that processes share is divided by them."""
        return [process.memory_full_info().pss / 2**20 for process in self._processes()]

    def _processes(self) -> list[psutil.Process]:
        # The same objects every time, because a process that ended must fail and not be forgotten.
        for process in [self.process, *self.process.children(recursive=True)]:
            self._parts.setdefault(process.pid, process)
        return list(self._parts.values())


@contextmanager
def serving(
    command: list[str], port_pattern: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start a server on 127.0.0.1. Its port is read from its log.

    Args:
        command: the command.
        port_pattern: a regular expression for the line that says that the server listens; its group is the port.
        log: the file for its output.
        environment: additional environment variables.
    """
    variables = {**os.environ, "PYTHONPATH": str(_ROOT), **(environment or {})}
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=log.parent, env=variables)
    try:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not (found := re.search(port_pattern, log.read_text(encoding="utf-8"))):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(command)} does not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield Server(int(found[1]), psutil.Process(process.pid))
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT_S)
        process.kill()


def bare(application: str, target: Target, folder: Path, workers: int) -> contextlib.AbstractContextManager[Server]:
    """A bare ASGI application of `benchmarks.ingestion.bare` on uvicorn, as the service runs: uvloop and httptools."""
    command = [sys.executable, "-m", "uvicorn", f"benchmarks.ingestion.bare:{application}", "--port", "0"]
    command += ["--no-access-log", "--lifespan", "off", "--workers", str(workers)]
    command += ["--factory"] if application == "Producing" else []
    return serving(command, _UVICORN, folder / f"{application}-{workers}.log", target.environment)


def ingestion(target: Target, folder: Path, workers: int) -> contextlib.AbstractContextManager[Server]:
    """The ingestion service, with a results store of its own."""
    command = [sys.executable, "-m", "darkroom_ingestion", "--catalog", str(target.catalog(folder))]
    command += ["--database", f"sqlite:///{folder}/store-{workers}.db", "--port", "0", "--log-format", "json"]
    command += ["--workers", str(workers)] if workers > 1 else []
    return serving(command, _SERVICE, folder / f"ingestion-{workers}.log")


def ingestion_has_workers() -> bool:
    """Whether the ingestion service has the option `--workers`."""
    command = [sys.executable, "-m", "darkroom_ingestion", "--help"]
    return "--workers" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
