"""The worker process: its endpoint, its signals and its exit code."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Final

import structlog

from darkroom.processes.held_start import continue_when_released
from darkroom.stage_settings import StageSettings
from darkroom.tracing.start import start_tracing
from darkroom_inference.bounded.limits import Pipes
from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from darkroom_inference.lifecycle.options import Options
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.process.endpoint import Endpoint, Report, Reporter
from darkroom_inference.process.share_groups import check_share_groups
from darkroom_inference.process.worker import Worker
from darkroom_vision.analyse import LoadedStage
from darkroom_vision.imaging.opencv import configure_opencv
from darkroom_vision.stage import load_stage

log = structlog.get_logger(__name__)

Listen = Callable[[Reporter], Endpoint]
"""Opens the endpoint that serves a reporter's reports."""

_CLOSING_S: Final = 5.0
_LAST_SPANS_S: Final = 2.0
"""Part of `_CLOSING_S`."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Starting:
    """Reports for a worker that is loading its model: healthy, not ready."""

    def health(self) -> Report:
        """Healthy."""
        return Report(ok=True, detail={"model": "loading"})

    def readiness(self) -> Report:
        """Not ready."""
        return Report(ok=False, detail={"model": "loading"})

    def metrics(self) -> bytes:
        """There are no metrics yet."""
        return b""


class CurrentReporter:
    """Delegates to `current`."""

    def __init__(self) -> None:
        self.current: Reporter = Starting()

    def health(self) -> Report:
        """As `current`."""
        return self.current.health()

    def readiness(self) -> Report:
        """As `current`."""
        return self.current.readiness()

    def metrics(self) -> bytes:
        """As `current`."""
        return self.current.metrics()


@dataclass(frozen=True)
class Prepared:
    """A process that can run loops.

    Attributes:
        stopping: the request to stop.
        reporter: what the endpoint serves.
        endpoint: open.
        stage: the loaded model.
    """

    stopping: Stopping
    reporter: CurrentReporter
    endpoint: Endpoint
    stage: LoadedStage


def run_process(
    settings: StageSettings,
    options: Options,
    listen: Listen,
    loops: range,
    pipes: Pipes | None = None,
    images_at_work: ImagesAtWork | None = None,
) -> int:
    """Run loops of the stage in this process until SIGTERM. Returns the exit code.

    Args:
        settings: the stage.
        options: the options from the environment.
        listen: opens the endpoint.
        loops: their numbers among those of the whole worker.
        pipes: to the parent process, if this one works for a replay.
        images_at_work: the memory that this process shares with its parent, if the stage has mode Queue.

    Raises:
        UnusableModel: the model can't be used, or fails a self-test.
        UnusableSettings: the stage has mode Queue, and Kafka no share groups.
        PortUnavailable: the port is in use.
    """
    process = prepare(settings, listen, len(loops))
    return 1 if process is None else run_loops(process, settings, options, loops, pipes, images_at_work)


def prepare(settings: StageSettings, listen: Listen, threads: int) -> Prepared | None:
    """Listen, and load the stage for so many threads. None if whoever holds this start calls it off.

    Raises:
        UnusableModel: the model can't be used, or fails a self-test.
        UnusableSettings: the stage has mode Queue, and Kafka no share groups.
        PortUnavailable: the port is in use.
    """
    stopping = Stopping(drain_seconds(settings))
    stop_on_signals(stopping)
    reporter = CurrentReporter()
    endpoint = listen(reporter)
    stage = loaded(settings, threads)
    if not continue_when_released():
        return None
    check_share_groups(settings)
    return Prepared(stopping, reporter, endpoint, stage)


def loaded(settings: StageSettings, threads: int) -> LoadedStage:
    """The stage, whose model says in the log how it runs.

    Args:
        settings: the stage.
        threads: how many threads are to use it at a time.

    Raises:
        UnusableModel: the model can't be used, or fails a self-test.
    """
    configure_opencv()
    stage = load_stage(settings, threads=threads)
    log.info(
        "model loaded",
        stage=settings.stage.name,
        model=settings.stage.model.uri,
        sha256=stage.model.sha256,
        **({"external_data": dict(stage.model.external_data)} if stage.model.external_data else {}),
    )
    execution = stage.model.execution
    say = log.warning if execution.fallback else log.info
    say(
        "execution provider chosen",
        provider=execution.provider,
        precision=execution.precision,
        requested=settings.stage.execution.provider,
        reason=execution.reason,
    )
    return stage


def run_loops(
    process: Prepared,
    settings: StageSettings,
    options: Options,
    loops: range,
    pipes: Pipes | None = None,
    images_at_work: ImagesAtWork | None = None,
) -> int:
    """Run loops of the stage until this process is asked to stop. Returns the exit code.

    Args: as `run_process`.
    """
    tracing = start_tracing("darkroom-worker", _attributes(settings))
    worker = Worker(settings, options, process.stage, process.stopping, loops, pipes, tracing, images_at_work)
    process.reporter.current = worker
    finished = worker.run()
    if tracing is not None:
        tracing.close(_LAST_SPANS_S)
    process.endpoint.close()
    log.info("ended", in_order=finished)
    if not finished:
        # Stalled threads would also block the interpreter's exit.
        sys.stderr.flush()
        os._exit(1)
    return 0


def _attributes(settings: StageSettings) -> dict[str, str]:
    """The resource attributes of the worker's spans."""
    return {
        "darkroom.namespace": settings.namespace,
        "darkroom.pipeline": settings.pipeline,
        "darkroom.stage": settings.stage.name,
    }


def drain_seconds(settings: StageSettings) -> float:
    """How long the current batch may take after SIGTERM: the pod's grace period, less the time that closing takes."""
    return max(1.0, settings.stage.template.termination_grace_period_seconds - _CLOSING_S)


def stop_on_signals(stopping: Stopping) -> None:
    """Stop gracefully at the first SIGTERM or SIGINT, immediately at the second."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopping.requested:
            os._exit(128 + number)
        stopping.request()

    for number in _SIGNALS:
        signal.signal(number, stop)
