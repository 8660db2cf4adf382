"""The worker process of a replay."""

import json
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from darkroom_cli.processes import modules
from darkroom_cli.processes.child import start_module
from darkroom_cli.views.output import say

Report = Mapping[str, Any]

_REPORT_EVERY_S = 0.3
# SIGINT too, because it is ignored in background jobs of scripts.
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Ended:
    """The exit code of the process, and whether the user interrupted it."""

    code: int
    interrupted: bool


def run_worker(
    settings: Path, arguments: Sequence[str], log: Path, environment: Mapping[str, str], hear: Callable[[Report], None]
) -> Ended:
    """Run `darkroom-worker replay` to its end. Calls `hear` with every report.

    On an interrupt the worker finishes the images in progress; on a second interrupt it is killed.
    """
    # Raise an exception in the main thread, like Ctrl-C.
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    own = ("replay", "--settings", str(settings), "--port", "0", "--report-every", str(_REPORT_EVERY_S))
    with log.open("ab") as errors:
        process = start_module(modules.WORKER, [*own, *arguments], environment, stdout=subprocess.PIPE, stderr=errors)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    interrupted = False
    try:
        _listen(process.stdout, hear)
    except KeyboardInterrupt:
        interrupted = True
        say("Stopping after the images in progress (press Ctrl-C again to stop immediately)")
        process.terminate()
        with suppress(KeyboardInterrupt):
            _listen(process.stdout, hear)
    finally:
        if process.poll() is None and not _ends_by_itself(process):
            process.kill()
        process.stdout.close()
    return Ended(process.wait(), interrupted)


def _listen(reports: IO[bytes], hear: Callable[[Report], None]) -> None:
    for line in reports:
        hear(json.loads(line))


def _ends_by_itself(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the exit after the end of the output. False if the user interrupts again."""
    try:
        process.wait(1)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        return False
    return True
