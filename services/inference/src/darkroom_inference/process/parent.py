"""The parent of the worker processes of a stage."""

import sys
import uuid
from dataclasses import replace
from pathlib import Path

import structlog

from darkroom.processes.forked import can_fork_beside_libraries
from darkroom.processes.held_start import continue_when_released, is_held
from darkroom.stage_settings import StageSettings
from darkroom_inference.bounded.limits import Pipes
from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from darkroom_inference.lifecycle.options import Options
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.lifecycle.watchdog import GIL_GRACE_S
from darkroom_inference.process.child import Forks
from darkroom_inference.process.endpoint import Endpoint
from darkroom_inference.process.fleet import EXIT_CONFIGURATION, MAX_LOOPS_A_PROCESS, Fleet, split
from darkroom_inference.process.local_requests import HOST
from darkroom_inference.process.process import (
    CurrentReporter,
    Listen,
    Prepared,
    drain_seconds,
    prepare,
    run_loops,
    stop_on_signals,
)
from darkroom_inference.share_group.attempts import AttemptsWriter
from darkroom_inference.share_group.limits import longest_run_s
from darkroom_vision.model.providers import Machine, only_cpu
from darkroom_vision.stage import load_stage

log = structlog.get_logger(__name__)


def run_forks(settings: StageSettings, options: Options, file: Path, log_format: str, listen: Listen) -> int:
    """Load the stage, then run a fork of this process for each of its loops until SIGTERM. Returns the exit code.

    Only for a stage that `can_share_model`: a fork can't use the GPU of its parent. Where this process can't be
    forked, because the client of a bucket with the model has left a thread, the loops are threads, at most eight in a
    process.

    Raises:
        UnusableModel: the model can't be used, or fails a self-test.
        UnusableSettings: the stage has mode Queue, and Kafka no share groups.
        PortUnavailable: the port is in use.
    """
    process = prepare(settings, listen, 1)
    if process is None:
        return 1
    images_at_work = _images_at_work(settings, options)
    forks = forks_of(process, settings, options, None, images_at_work)
    if forks is None and not settings.uses_share_group and settings.loops <= MAX_LOOPS_A_PROCESS:
        return run_loops(process, settings, options, range(settings.loops))
    fleet = _fleet(settings, options, file, log_format, process.stopping, images_at_work, forks)
    process.reporter.current = fleet
    return _supervise(fleet, process.stopping, process.endpoint)


def can_share_model(settings: StageSettings) -> bool:
    """Whether the worker processes of the stage may be forks that share the memory of its model."""
    return sys.platform == "linux" and only_cpu(settings.stage.execution, Machine.this())


def forks_of(
    process: Prepared,
    settings: StageSettings,
    options: Options,
    pipes: Pipes | None = None,
    images_at_work: ImagesAtWork | None = None,
) -> Forks | None:
    """Forks of this process, each with a loop of the stage that it has loaded. None if a library has left a thread.

    Args:
        process: this one.
        settings: the stage.
        options: the options from the environment.
        pipes: to this process, if it runs a replay.
        images_at_work: the memory of the processes, if the stage has mode Queue.
    """
    endpoint = process.endpoint

    def work(number: int, port_writer: int) -> int:
        endpoint.abandon()
        reporter = CurrentReporter()
        own = Endpoint(HOST, 0, reporter)
        own.tell_port(port_writer)
        fork = replace(process, reporter=reporter, endpoint=own)
        own_options, loops = replace(options, process=number), range(number, number + 1)
        return run_loops(fork, settings, own_options, loops, pipes, images_at_work)

    with endpoint.paused():
        return Forks(work, endpoint.paused) if can_fork_beside_libraries() else None


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
    stopping = Stopping(drain_seconds(settings))
    stop_on_signals(stopping)
    fleet = _fleet(settings, options, file, log_format, stopping, _images_at_work(settings, options))
    return _supervise(fleet, stopping, listen(fleet))


def _fleet(
    settings: StageSettings,
    options: Options,
    file: Path,
    log_format: str,
    stopping: Stopping,
    images_at_work: ImagesAtWork | None,
    forks: Forks | None = None,
) -> Fleet:
    drain_s = drain_seconds(settings)
    sizes = sizes_of(settings, forks)
    if images_at_work is None:
        return Fleet(file, sizes, log_format, drain_s, forks=forks)
    log.warning("mode Queue is a preview, like share groups in librdkafka", share_group=settings.share_group)
    longest_s = longest_run_s(options.image_deadline_s, settings.stage.execution.batch.max)
    return Fleet(
        file,
        sizes,
        log_format,
        drain_s,
        images_at_work=images_at_work,
        tell=AttemptsWriter(uuid.uuid4().hex[:8], settings, stopping.wait).write,
        hangs_after_s=min(options.image_deadline_s, longest_s) + GIL_GRACE_S,
        forks=forks,
    )


def sizes_of(settings: StageSettings, forks: Forks | None) -> list[int]:
    """The number of loops of each process."""
    return split(settings.loops) if forks is None else [1] * settings.loops


def _images_at_work(settings: StageSettings, options: Options) -> ImagesAtWork | None:
    """The memory of the processes with mode Queue; None for the other modes."""
    if not settings.uses_share_group:
        return None
    if options.cache_folder is None:
        return ImagesAtWork.create(settings.loops, settings.loops)
    return ImagesAtWork.keep(options.cache_folder / f"{settings.share_group}.at-work", settings.loops, settings.loops)


def _supervise(fleet: Fleet, stopping: Stopping, endpoint: Endpoint) -> int:
    fleet.start()
    code = fleet.run(stopping)
    endpoint.close()
    if code != EXIT_CONFIGURATION:  # otherwise the last line of the log is the error of a process
        log.info("ended", code=code)
    return code
