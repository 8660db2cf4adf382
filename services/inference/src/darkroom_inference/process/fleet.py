"""A parent process and its worker processes: one for each loop where that is possible, and for mode Queue.

Loops of one process wait for the interpreter's lock. With mode Queue the parent names the images that ended a process,
for all workers of the stage.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import structlog
from prometheus_client import generate_latest

from darkroom.processes.log_lines import PROCESS_ENDED
from darkroom_inference.lifecycle.images_at_work import ImagesAtWork, Position
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.process.child import Child, Forks
from darkroom_inference.process.endpoint import LOADED, Report
from darkroom_inference.process.fleet_metrics import FleetMetrics, merged
from darkroom_inference.process.hang import HangCheck
from darkroom_inference.process.local_requests import get

log = structlog.get_logger(__name__)

MAX_LOOPS_A_PROCESS: Final = 8
"""For processes that each load the model. More loops in one would wait for the interpreter's lock even longer."""

EXIT_CONFIGURATION: Final = 2
"""The exit code if the settings or the model are unusable. A restart does not help until they are changed."""

IMAGES_AT_WORK: Final = "--images-at-work"

_LOOK_S: Final = 0.2
_LOOK_SOON_S: Final = 0.05
"""With mode Queue, another worker is given the image that ended a process within milliseconds."""
_KILL_GRACE_S: Final = 3.0


def split(loops: int) -> list[int]:
    """The number of loops of each process: as few processes as possible, of about the same size."""
    processes = -(-loops // MAX_LOOPS_A_PROCESS)
    return [loops // processes + (number < loops % processes) for number in range(processes)]


class Fleet:
    """The worker processes of one stage on one machine, and their common health and metrics."""

    def __init__(
        self,
        settings_file: Path,
        sizes: Sequence[int],
        log_format: str,
        drain_s: float,
        *,
        inherited: Mapping[str, int] | None = None,
        images_at_work: ImagesAtWork | None = None,
        tell: Callable[[Mapping[Position, int]], object] = lambda _suspects: None,
        hangs_after_s: float = float("inf"),
        forks: Forks | None = None,
    ) -> None:
        """Prepare the processes.

        Args:
            settings_file: the stage's settings.
            sizes: the number of loops of each process.
            log_format: of the processes.
            drain_s: how long the processes may take to end.
            inherited: file descriptors that every process inherits, by command line option.
            images_at_work: the memory in which the processes of a stage with mode Queue say what they analyse.
            tell: tells the other workers how often images ended a process of this one.
            hangs_after_s: how long a process of a stage with mode Queue may be without a tick of its watchdog.
            forks: how the processes are forked; None if each loads the model.
        """
        self._drain_s = drain_s
        self._images_at_work = images_at_work
        self._tell = tell
        inherited = dict(inherited or {})
        if images_at_work is not None:
            inherited[IMAGES_AT_WORK] = images_at_work.descriptor
        self._metrics = FleetMetrics()

        def command(number: int, size: int) -> Callable[[int], list[str]]:
            return lambda port_writer: [
                *(sys.executable, "-P", "-m", "darkroom_inference", "run", "--settings", str(settings_file)),
                *("--log-format", log_format, "--port", "0"),
                *("--loops", str(size), "--first-loop", str(sum(sizes[:number]))),
                *("--process", str(number)),
                *("--port-to", str(port_writer), "--child-of", str(os.getpid())),
                *(part for option, descriptor in inherited.items() for part in (option, str(descriptor))),
            ]

        descriptors = tuple(inherited.values())
        self._children = [Child(number, command(number, size), descriptors, forks) for number, size in enumerate(sizes)]
        self._hangs = [HangCheck(hangs_after_s / _LOOK_SOON_S) for _ in self._children]

    def start(self) -> None:
        """Start the processes."""
        at_last_end = [self._blame(child.number) for child in self._children]  # of what ended the parent, too
        for child in self._children:
            child.supervise()
        for suspects in at_last_end:  # with a thread, because of which this process could not have been forked
            self._tell_others(suspects)

    def run(self, stopping: Stopping) -> int:
        """Keep the processes running until asked to stop. Returns the exit code."""
        while not stopping.requested:
            for child in self._children:
                code = child.supervise()
                if code == EXIT_CONFIGURATION:
                    self._end()
                    return EXIT_CONFIGURATION
                if code is not None:
                    self._metrics.ends.inc()
                    self._tell_others(self._blame(child.number))
                    log.error(PROCESS_ENDED, process=child.number, code=code)
                self._end_if_it_hangs(child)
            stopping.wait(_LOOK_S if self._images_at_work is None else _LOOK_SOON_S)
        return 0 if self._end() else 1

    def health(self) -> Report:
        """Healthy unless a running process reports that it is not. A process that has ended is being restarted."""
        answers = self._ask("/healthz")
        return Report(all(status in {HTTPStatus.OK, 0} for status, _ in answers), {"processes": _processes(answers)})

    def readiness(self) -> Report:
        """Ready if every process has loaded the model, and one of them has partitions or is a spare."""
        answers = self._ask("/readyz")
        processes = _processes(answers)
        loaded = all(process.get("model") == LOADED for process in processes)
        return Report(loaded and any(status == HTTPStatus.OK for status, _ in answers), {"processes": processes})

    def metrics(self) -> bytes:
        """The metrics of every process, with the label `process`."""
        texts = {
            str(child.number): body for child, (_, body) in zip(self._children, self._ask("/metrics"), strict=True)
        }
        return merged(texts) + generate_latest(self._metrics.registry)

    def _end_if_it_hangs(self, child: Child) -> None:
        if self._images_at_work is None:
            return
        ticks = self._images_at_work.ticks(child.number)
        if self._hangs[child.number].look(ticks, stopped=child.is_stopped):
            log.critical("worker process hangs in native code: ending it", process=child.number)
            child.abort()

    def _blame(self, process: int) -> Mapping[Position, int]:
        """The images that are suspected to have ended the process, with how often they ended one."""
        if self._images_at_work is None or not (images := self._images_at_work.blame(process)):
            return {}
        log.warning("images were being analysed when the process ended", process=process, positions=images)
        suspects = self._images_at_work.suspects()
        return {image: suspects[image] for image in images if image in suspects}

    def _tell_others(self, suspects: Mapping[Position, int]) -> None:
        if suspects:
            self._tell(suspects)

    def _ask(self, path: str) -> list[tuple[int, str]]:
        return [(0, "{}") if child.port is None else get(child.port, path) for child in self._children]

    def _end(self) -> bool:
        for child in self._children:
            child.terminate()
        deadline = time.monotonic() + self._drain_s + _KILL_GRACE_S
        in_order = [child.wait(max(0.0, deadline - time.monotonic())) for child in self._children]
        if self._images_at_work is not None:
            for child in self._children:
                self._images_at_work.acquit(child.number)  # if it was killed, it was for the time that it took
        return all(in_order)


def _processes(answers: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
    """The details of every process, with the status of its response."""
    return [{"status": status, **json.loads(body)} for status, body in answers]
