"""One process of a stage: the model, the loops, and their health."""

import faulthandler
import os
import socket
import sys
import time
import uuid
from typing import Final

import structlog
from prometheus_client import generate_latest

from darkroom.events import WorkerProcess
from darkroom.stage_settings import StageSettings
from darkroom.tracing.spans import Tracing
from darkroom_inference.bounded.limits import Pipes, limits_of
from darkroom_inference.bounded.work import BoundedWorkFactory
from darkroom_inference.group.protocol import Membership
from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.options import Options
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.lifecycle.watchdog import EXIT_CODE, Watchdog
from darkroom_inference.loop.exclusive import ExclusiveTurn
from darkroom_inference.loop.loop import Loop, Shared
from darkroom_inference.loop.work import LiveWorkFactory, WorkFactory
from darkroom_inference.process.endpoint import LOADED, Report
from darkroom_inference.process.heap import return_freed_memory
from darkroom_inference.share_group.attempts import AttemptsReader
from darkroom_inference.share_group.limits import longest_run_s
from darkroom_vision.analyse import LoadedStage

log = structlog.get_logger(__name__)

_STILL_GRACE_S: Final = 60.0
_WATCH_S: Final = 1.0
_UNHEALTHY_LOOKS: Final = 5
_RETURN_MEMORY_S: Final = 5.0
"""How often freed memory is returned. Images that need it again cost a page fault for each 4 KiB, 4 us or less."""


class Worker:
    """Runs loops of a stage with one model in this process."""

    def __init__(
        self,
        settings: StageSettings,
        options: Options,
        stage: LoadedStage,
        stopping: Stopping,
        loops: range,
        pipes: Pipes | None = None,
        tracing: Tracing | None = None,
        images_at_work: ImagesAtWork | None = None,
    ) -> None:
        """Create the loops.

        Args:
            settings: the stage.
            options: the options from the environment.
            stage: the loaded model.
            stopping: the request to stop.
            loops: their numbers among those of the whole worker.
            pipes: connect a process of a replay to its parent.
            tracing: the process's spans.
            images_at_work: the memory that a process with mode Queue shares with its parent.
        """
        self._registry = Metrics()
        self._stopping = stopping
        images_per_run = settings.stage.execution.batch.max
        longest_s = longest_run_s(options.image_deadline_s, images_per_run)
        self._watchdog = (
            Watchdog(
                min(options.image_deadline_s, longest_s),
                longest_s=longest_s,
                process=options.process,
                shared=images_at_work,
            )
            if settings.uses_share_group
            else Watchdog(options.image_deadline_s)
        )
        self._longest_still_s = options.image_deadline_s * images_per_run + _STILL_GRACE_S
        self._execution = stage.model.execution
        shared = Shared(
            settings=settings,
            stage=stage,
            # Unique everywhere, so that no two workers fence each other.
            process_id=f"{socket.gethostname()}-{uuid.uuid4().hex[:12]}",
            membership=Membership(options.group_protocol),
            exclusive=ExclusiveTurn(),
            watchdog=self._watchdog,
            metrics=self._registry,
            stopping=stopping,
            work=_work(settings, pipes, self._registry),
            worker=WorkerProcess(name=socket.gethostname(), process=options.process),
            attempts=AttemptsReader(settings),
            images_at_work=images_at_work,
            image_deadline_s=options.image_deadline_s,
            tracing=tracing,
        )
        self._registry.execution(
            provider=self._execution.provider,
            precision=self._execution.precision,
            requested=settings.stage.execution.provider,
            fallback=self._execution.fallback,
        )
        self._loops = [Loop(number, shared) for number in loops]
        self._registry.self_tests(stage.self_test_seconds)
        self._registry.stage(
            namespace=settings.namespace, pipeline=settings.pipeline, stage=settings.stage.name, loops=str(len(loops))
        )

    def run(self) -> bool:
        """Run the loops until asked to stop. Returns False if a batch had to be abandoned."""
        self._watchdog.start()
        for loop in self._loops:
            loop.start()
        unhealthy = 0
        memory_returned = time.monotonic()
        while not self._stopping.requested:
            self._stopping.wait(_WATCH_S)
            if time.monotonic() - memory_returned >= _RETURN_MEMORY_S:
                return_freed_memory()
                memory_returned = time.monotonic()
            # Several checks, so that a process that was suspended has time to make progress again.
            unhealthy = 0 if self.health().ok else unhealthy + 1
            if unhealthy > _UNHEALTHY_LOOKS:
                log.critical("a loop has stalled, ending the process", **self.health().detail)
                faulthandler.dump_traceback(file=sys.stderr)
                os._exit(EXIT_CODE)
        log.info("stopping", seconds_left=round(self._stopping.seconds_left, 1))
        ended = [loop.join(self._stopping.seconds_left) for loop in self._loops]
        if all(ended):
            self._watchdog.stop()
        return all(ended)

    def health(self) -> Report:
        """Healthy while every loop runs and makes progress."""
        loops = [
            {"loop": loop.state.number, "running": loop.state.running, "stillSeconds": round(loop.state.still_s(), 1)}
            for loop in self._loops
        ]
        ok = all(loop.state.running and loop.state.still_s() < self._longest_still_s for loop in self._loops)
        return Report(ok or self._stopping.requested, {"loops": loops})

    def readiness(self) -> Report:
        """Ready once partitions are assigned.

        A worker without partitions, because there are more loops than partitions, is ready too: it takes over when
        another worker ends.
        """
        partitions = sum(loop.state.partitions for loop in self._loops)
        spare = all(loop.state.is_spare for loop in self._loops)
        return Report(
            (partitions > 0 or spare) and not self._stopping.requested,
            {
                "model": LOADED,
                "provider": self._execution.provider,
                "precision": self._execution.precision,
                "partitions": partitions,
                "spare": spare,
            },
        )

    def metrics(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry.registry)


def _work(settings: StageSettings, pipes: Pipes | None, metrics: Metrics) -> WorkFactory:
    if settings.replay is None or pipes is None:
        return LiveWorkFactory()
    return BoundedWorkFactory(limits_of(settings.replay, pipes, metrics))
