"""The worker process: its endpoint, its signals and its exit code."""

import os
import signal
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from darkroom.processes.forked import can_fork_beside_libraries
from darkroom.processes.held_start import continue_when_released, is_held
from darkroom.stage_settings import StageSettings
from darkroom.tracing.spans import Tracing
from darkroom.tracing.start import start_tracing
from darkroom_inference.bounded.limits import Pipes
from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from darkroom_inference.lifecycle.options import Options
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.lifecycle.watchdog import GIL_GRACE_S
from darkroom_inference.process.endpoint import Endpoint, Report, Reporter
from darkroom_inference.process.fleet import EXIT_CONFIGURATION, MAX_LOOPS_A_PROCESS, Fleet, split
from darkroom_inference.process.local_requests import HOST
from darkroom_inference.process.share_groups import check_share_groups
from darkroom_inference.process.worker import Worker
from darkroom_inference.share_group.attempts import AttemptsWriter, SharedAttempts
from darkroom_inference.share_group.limits import longest_run_s
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


def run_process(
    settings: StageSettings,
    options: Options,
    listen: Listen,
    loops: int,
    pipes: Pipes | None = None,
    images_at_work: ImagesAtWork | None = None,
) -> int:
    """Run `loops` loops of the stage in this process until SIGTERM. Returns the exit code.

    Args:
        settings: the stage.
        options: the options from the environment.
        listen: opens the endpoint.
        loops: the number of loops.
        pipes: to the parent process, if this one works for a replay.
        images_at_work: the memory that this process shares with its parent, if the stage has mode Queue.

    Raises:
        UnusableModel: the model can't be used, or fails a self-test.
        UnusableSettings: the stage has mode Queue, and Kafka no share groups.
        PortUnavailable: the port is in use.
    """
    stopping = Stopping(drain_seconds(settings))
    stop_on_signals(stopping)
    reporter = CurrentReporter()
    endpoint = listen(reporter)
    stage = _loaded(settings, loops)
    if not continue_when_released():
        return 1
    check_share_groups(settings)

    def worker(tracing: Tracing | None) -> Worker:
        return Worker(settings, options, stage, stopping, loops, pipes, tracing, images_at_work)

    return _run(settings, worker, reporter, endpoint)


def run_forks(settings: StageSettings, options: Options, file: Path, log_format: str, listen: Listen) -> int:
    """Load the stage, then run a fork of this process for each of its loops until SIGTERM. Returns the exit code.

    Only for a stage whose model runs on the CPU: a fork can't use the GPU of its parent. Where this process can't be
    forked, because the client of a bucket with the model has left a thread, the loops are threads of it.

    Raises:
        UnusableModel: the model can't be used, or fails a self-test.
        PortUnavailable: the port is in use.
    """
    stopping = Stopping(drain_seconds(settings))
    stop_on_signals(stopping)
    reporter = CurrentReporter()
    endpoint = listen(reporter)
    stage = _loaded(settings, 1)
    if not continue_when_released():
        return 1

    def worker(process: int, loops: int) -> Callable[[Tracing | None], Worker]:
        own_options = replace(options, process=process)
        return lambda tracing: Worker(settings, own_options, stage, stopping, loops, tracing=tracing)

    def work(number: int, port_writer: int) -> int:
        endpoint.abandon()
        own_reporter = CurrentReporter()
        own = Endpoint(HOST, 0, own_reporter)
        own.tell_port(port_writer)
        return _run(settings, worker(number, 1), own_reporter, own)

    with endpoint.paused():
        may_fork = can_fork_beside_libraries()
        sizes = [1] * settings.loops if may_fork else split(settings.loops)
        fleet = Fleet(file, sizes, log_format, drain_seconds(settings))
        if may_fork:
            fleet.fork(work)
    if not may_fork and settings.loops <= MAX_LOOPS_A_PROCESS:
        return _run(settings, worker(options.process, settings.loops), reporter, endpoint)
    reporter.current = fleet
    return _supervise(fleet, stopping, endpoint)


def _loaded(settings: StageSettings, threads: int) -> LoadedStage:
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


def _run(
    settings: StageSettings,
    create: Callable[[Tracing | None], Worker],
    reporter: CurrentReporter,
    endpoint: Endpoint,
) -> int:
    """Run the worker of this process. Returns the exit code."""
    tracing = start_tracing("darkroom-worker", _attributes(settings))
    worker = reporter.current = create(tracing)
    finished = worker.run()
    if tracing is not None:
        tracing.close(_LAST_SPANS_S)
    endpoint.close()
    log.info("ended", in_order=finished)
    if not finished:
        # Stalled threads would also block the interpreter's exit.
        sys.stderr.flush()
        os._exit(1)
    return 0


def run_fleet(settings: StageSettings, options: Options, file: Path, log_format: str, listen: Listen) -> int:
    """Run the stage in processes that each load the model, until SIGTERM. Returns the exit code.

    Raises:
        UnusableModel: the start is held, and the model can't be used.
        PortUnavailable: the port is in use.
    """
    if is_held():
        load_stage(settings)  # the processes load it again, but whoever holds this start waits for its errors
    if not continue_when_released():
        return 1
    drain_s = drain_seconds(settings)
    stopping = Stopping(drain_s)
    stop_on_signals(stopping)
    if settings.uses_share_group:
        log.warning("mode Queue is a preview, like share groups in librdkafka", share_group=settings.share_group)
        longest_s = longest_run_s(options.image_deadline_s, settings.stage.execution.batch.max)
        images_at_work = _images_at_work(settings, options)
        writer = AttemptsWriter(uuid.uuid4().hex[:8], SharedAttempts(settings), stopping.wait)
        fleet = Fleet(
            file,
            split(settings.loops),
            log_format,
            drain_s,
            images_at_work=images_at_work,
            tell=writer.write,
            hangs_after_s=min(options.image_deadline_s, longest_s) + GIL_GRACE_S,
        )
    else:
        fleet = Fleet(file, split(settings.loops), log_format, drain_s)
    return _supervise(fleet, stopping, listen(fleet))


def _supervise(fleet: Fleet, stopping: Stopping, endpoint: Endpoint) -> int:
    code = fleet.run(stopping)
    endpoint.close()
    if code != EXIT_CONFIGURATION:  # otherwise the last line of the log is the error of a process
        log.info("ended", code=code)
    return code


def _images_at_work(settings: StageSettings, options: Options) -> ImagesAtWork:
    processes = len(split(settings.loops))
    if options.cache_folder is None:
        return ImagesAtWork.create(processes, settings.loops)
    return ImagesAtWork.keep(options.cache_folder / f"{settings.share_group}.at-work", processes, settings.loops)


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
