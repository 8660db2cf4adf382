"""A worker's process: its endpoint from the first moment on, its signals, and how it ends."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from darkroom.stage_settings import StageSettings
from darkroom_inference.bounded.limits import Pipes
from darkroom_inference.lifecycle.options import Options
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.process.endpoint import Answer, Endpoint, Reporting
from darkroom_inference.process.fleet import Fleet
from darkroom_inference.process.worker import Worker
from darkroom_vision.imaging.opencv import configure_opencv
from darkroom_vision.stage import load_stage

log = structlog.get_logger(__name__)

Listen = Callable[[Reporting], Endpoint]
"""Opens the endpoint for whoever is to answer."""

_CLOSING_S: Final = 5.0
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Starting:
    """Speaks for a worker that is still loading its model: alive, and not ready."""

    def health(self) -> Answer:
        """Alive."""
        return Answer(ok=True, detail={"model": "loading"})

    def readiness(self) -> Answer:
        """Not ready."""
        return Answer(ok=False, detail={"model": "loading"})

    def metrics(self) -> bytes:
        """None yet."""
        return b""


class Spokesman:
    """Answers the endpoint's questions in the name of whoever `speaker` is at the time."""

    def __init__(self) -> None:
        self.speaker: Reporting = Starting()

    def health(self) -> Answer:
        """As the speaker says."""
        return self.speaker.health()

    def readiness(self) -> Answer:
        """As the speaker says."""
        return self.speaker.readiness()

    def metrics(self) -> bytes:
        """As the speaker says."""
        return self.speaker.metrics()


def run_process(
    settings: StageSettings, options: Options, listen: Listen, loops: int, pipes: Pipes | None = None
) -> int:
    """Run `loops` loops of the stage in this process until SIGTERM; answers the exit code.

    With the pipes to its parent if it works for a replay.

    Raises:
        UnusableModel: the model will not do.
        PortUnavailable: somebody else has the port.
    """
    stopping = Stopping(drain_seconds(settings))
    stop_on_signals(stopping)
    spokesman = Spokesman()
    endpoint = listen(spokesman)
    configure_opencv()
    stage = load_stage(settings)
    log.info("model loaded", stage=settings.stage.name, model=settings.stage.model.uri, sha256=stage.model.sha256)
    worker = Worker(settings, options, stage, stopping, loops, pipes)
    spokesman.speaker = worker
    finished = worker.run()
    endpoint.close()
    log.info("ended", in_order=finished)
    if not finished:
        # Threads that hang would hang the interpreter's exit as well.
        sys.stderr.flush()
        os._exit(1)
    return 0


def run_fleet(settings: StageSettings, file: Path, log_format: str, listen: Listen) -> int:
    """Run the stage in as many processes as its loops need until SIGTERM; answers the exit code.

    Raises:
        PortUnavailable: somebody else has the port.
    """
    stopping = Stopping(drain_seconds(settings))
    stop_on_signals(stopping)
    fleet = Fleet(file, settings.loops, log_format, drain_seconds(settings))
    endpoint = listen(fleet)
    code = fleet.run(stopping)
    endpoint.close()
    log.info("ended", code=code)
    return code


def drain_seconds(settings: StageSettings) -> float:
    """How long the work in hand may take after SIGTERM: what the pod is given, less what closing takes."""
    return max(1.0, settings.stage.template.termination_grace_period_seconds - _CLOSING_S)


def stop_on_signals(stopping: Stopping) -> None:
    """Ask to stop at the first SIGTERM or SIGINT; end at once at the second."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopping.requested:
            os._exit(128 + number)
        stopping.request()

    for number in _SIGNALS:
        signal.signal(number, stop)
