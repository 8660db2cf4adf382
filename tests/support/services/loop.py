"""One loop of a worker in this process, with a real Kafka, and a clock that runs ten times as fast as time does."""

import time
from types import TracebackType
from typing import Self
from uuid import uuid4

from darkroom.events import WorkerProcess
from darkroom.stage_settings import StageSettings
from darkroom_inference.group.protocol import Membership
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.lifecycle.watchdog import Watchdog
from darkroom_inference.loop.exclusive import ExclusiveTurn
from darkroom_inference.loop.loop import Loop, Shared
from darkroom_inference.loop.work import LiveWorkFactory
from darkroom_inference.share_group.attempts import AttemptsReader
from darkroom_vision.stage import load_stage

_SPEED = 10.0
_END_TIMEOUT_S = 60.0


class TriedLoop:
    """Runs from the beginning of a block to its end."""

    def __init__(self, settings: StageSettings) -> None:
        self._stopping = Stopping(drain_s=_END_TIMEOUT_S)
        self._metrics = Metrics()
        shared = Shared(
            settings=settings,
            stage=load_stage(settings),
            process_id=f"tried-{uuid4().hex[:12]}",
            membership=Membership("consumer"),
            exclusive=ExclusiveTurn(),
            watchdog=Watchdog(_END_TIMEOUT_S),
            metrics=self._metrics,
            stopping=self._stopping,
            work=LiveWorkFactory(),
            worker=WorkerProcess(name="tried", process=0),
            attempts=AttemptsReader(settings),
            clock=lambda: _SPEED * time.monotonic(),
        )
        self._loop = Loop(0, shared)
        self.state = self._loop.state

    def replaced_clients(self) -> bool:
        """Whether it has given up its clients for new ones, at least once."""
        return bool(self._metrics.registry.get_sample_value("darkroom_worker_retries_total", {"cause": "clients"}))

    def __enter__(self) -> Self:
        self._loop.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.request()
        assert self._loop.join(_END_TIMEOUT_S), "the loop does not end"
