"""`darkroom` as a program with arguments, two output streams and an exit code.

`digits` is one `darkroom up` of the sample pipeline for the whole run, shared by all xdist workers. It also processes
images of other tests, so a test must look for its own by their ids.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from darkroom.processes.parent_death import ending_with_us
from tests.support.on_demand import share, shared
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DARKROOM = Path(sys.executable).with_name("darkroom")
SAMPLE = Path("k8s/samples/digits.yaml").absolute()
IMAGES = Path("k8s/samples/digits").absolute()

_NAME = "digits"
_READY_TIMEOUT_S = 120.0
_COMMAND_TIMEOUT_S = 90.0
_STOP_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Ran:
    """A completed command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, f"nothing on stdout, exit code {self.code}: {self.err}"
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        return self.err.splitlines()


def darkroom(
    *arguments: str | Path, url: str | None = None, folder: Path | None = None, temporary: Path | None = None
) -> Ran:
    """Run `darkroom arguments…` to its end, without a terminal; `temporary` is its temporary folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")}
    done = subprocess.run(
        [DARKROOM, *map(str, arguments)],
        cwd=folder,
        env=environment | ({"DARKROOM_URL": url} if url else {}) | ({"TMPDIR": str(temporary)} if temporary else {}),
        capture_output=True,
        text=True,
        timeout=_COMMAND_TIMEOUT_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


class Up:
    """A `darkroom up` process."""

    def __init__(self, data_dir: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed in close()
        command = [DARKROOM, "up", *arguments, "--data-dir", data_dir]
        self._process = subprocess.Popen(
            ending_with_us([str(part) for part in command]),
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.pid = self._process.pid

    def until_ready(self) -> str:
        """The URL that it prints once it is ready."""
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

        def printed() -> str:
            assert self._process.poll() is None, f"ended with {self._process.returncode}: {self.said()}"
            return self._process.stdout.readline() if self._process.stdout else ""

        line = until(printed, f"ready: {self.said()}", _READY_TIMEOUT_S)
        match = re.fullmatch(r"ready: (http://127\.0\.0\.1:\d+)\n", line)
        assert match, line
        return match[1]

    def said(self) -> str:
        """Everything on stderr so far."""
        self._errors.seek(0)
        return self._errors.read()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def until_ended(self) -> int:
        """Wait for the end. Returns the exit code."""
        return self._process.wait(_STOP_TIMEOUT_S)

    def close(self) -> None:
        """End the process."""
        self.signal(signal.SIGINT)
        try:
            self.until_ended()
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._errors.close()


def processes_of(folder: Path) -> dict[int, str]:
    """The command lines of the processes that use a data folder, by pid."""
    found = {}
    for process in psutil.process_iter():
        try:
            line, cwd = " ".join(process.cmdline()), process.cwd()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if (str(folder) in line or cwd.startswith(str(folder))) and process.pid != os.getpid():
            found[process.pid] = line
    return found


class _DigitsToShare:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-digits-")
        self._up: Up | None = None

    def start(self) -> dict[str, str]:
        self._up = Up(Path(self._folder.name), SAMPLE, "--port", "0")
        return {"url": self._up.until_ready()}

    def stop(self) -> None:
        if self._up is not None:
            self._up.close()
            self._up = None
        self._folder.cleanup()


def pytest_configure(config: pytest.Config) -> None:
    share(config, _NAME, _DigitsToShare)


@pytest.fixture(scope="session")
def digits(pytestconfig: pytest.Config) -> str:
    """The URL of a service that serves the sample pipeline, demo/digits."""
    return shared(pytestconfig, _NAME, _READY_TIMEOUT_S)["url"]


@pytest.fixture
def ups() -> Iterator[list[Up]]:
    """A list whose members are ended after the test."""
    started: list[Up] = []
    yield started
    for up in started:
        up.close()


def sample_in(folder: Path, namespace: str, *changes: Sequence[str]) -> Path:
    """The sample's manifest in another namespace, so that it can share a Kafka, with texts replaced."""
    text = SAMPLE.read_text(encoding="utf-8").replace("namespace: demo", f"namespace: {namespace}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / "digits.yaml"
    file.write_text(text, encoding="utf-8")
    return file
