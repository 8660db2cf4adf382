"""Scaling of stages in `darkroom up`: the lag is queried, and the number of worker processes follows the rule."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from darkroom.kafka.lag_query import GroupLog, GroupOffsets
from darkroom.scaling.decision import Decision
from darkroom.scaling.observation import Observation, Work
from darkroom.scaling.rule import decide
from darkroom.scaling.settings import Settings
from darkroom.scaling.state import State
from darkroom_cli.processes.threads import in_daemon_thread
from darkroom_cli.runner.autoscaling.scaled_workers import ScaledWorkers
from darkroom_cli.runner.autoscaling.worker_metrics import WorkMeter
from darkroom_cli.views.output import say

_AT_ZERO_S: Final = 0.5
"""Seconds between two decisions for a stage without workers, so that its first image soon has one."""

_TICK_S: Final = 5.0
"""Seconds between two decisions for a stage with workers: shorter than in a cluster, because processes start sooner."""

LagQuery = Callable[[Mapping[str, GroupLog]], Mapping[str, GroupOffsets]]
"""The offsets of consumer groups. Blocks."""


@dataclass
class _Scaled:
    """One stage, with what the rule remembers of it."""

    workers: ScaledWorkers
    settings: Settings
    log: GroupLog
    state: State = field(default_factory=State)
    meter: WorkMeter = field(default_factory=WorkMeter)
    next_at: float = 0.0
    problem: str = ""
    desired: int | None = None


class Scaling:
    """Follows the rule for stages with autoscaling."""

    def __init__(
        self, stages: Sequence[ScaledWorkers], query: LagQuery, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` gives seconds; a test may let them pass faster."""
        self._stages = {
            workers.stage.settings.consumer_group: _Scaled(
                workers,
                workers.stage.scaling,
                GroupLog(workers.stage.settings.images_topic, workers.stage.partitions),
            )
            for workers in stages
            if workers.stage.scaling is not None
        }
        self._query = query
        self._clock = clock

    async def keep(self, group: asyncio.TaskGroup) -> None:
        """Start workers in `group`, and let workers leave, until cancelled. Returns at once if there are no stages."""
        while self._stages:
            await self._tick(group)
            await asyncio.sleep(_AT_ZERO_S)

    async def _tick(self, group: asyncio.TaskGroup) -> None:
        """Decide for those stages whose time has come."""
        due = {name: stage for name, stage in self._stages.items() if stage.next_at <= self._clock()}
        if not due:
            return
        logs = {name: stage.log for name, stage in due.items()}
        found = await in_daemon_thread(lambda: self._query(logs))
        works = await asyncio.gather(*(stage.meter.since_last(stage.workers.ready_services) for stage in due.values()))
        for (name, stage), work in zip(due.items(), works, strict=True):
            self._decide(stage, found[name], work, group)

    def _decide(self, stage: _Scaled, offsets: GroupOffsets, work: Work | None, group: asyncio.TaskGroup) -> None:
        workers = stage.workers
        at = self._clock()
        seen = Observation(at, offsets.partitions, workers.replicas, workers.ready, work=work)
        decision = decide(stage.settings, stage.state, seen)
        for line in changes(workers.stage.title, stage.settings, workers.replicas, stage.desired, decision):
            say(line)
        if offsets.problem and offsets.problem != stage.problem:
            say(f"{workers.stage.title}: its lag can't be read, so it keeps its workers: {offsets.problem}")
        stage.problem, stage.state, stage.desired = offsets.problem, decision.state, decision.desired
        workers.scale(decision.replicas, group)
        stage.next_at = at + (_TICK_S if decision.replicas else 0.0)


def changes(title: str, settings: Settings, replicas: int, desired: int | None, decision: Decision) -> list[str]:
    """What to say of a decision: a change of the number of workers, or of a recommendation.

    Args:
        title: the stage's name in messages.
        settings: the stage's settings.
        replicas: the number of workers until now.
        desired: the number that the rule asked for until now; None at first.
        decision: the new decision.
    """
    why = f"{decision.reason}: {decision.reason.explanation}"
    facts = "" if decision.lag is None else f"; lag {decision.lag}"
    if decision.rate_per_second is not None:
        facts += f", {decision.rate_per_second:.1f} images/s"
    if decision.replicas != replicas:
        return [f"{title}: {replicas} -> {decision.replicas} worker(s) ({why}{facts})"]
    if settings.metrics_only and decision.desired != (replicas if desired is None else desired):
        return [f"{title}: {decision.desired} worker(s) recommended, {replicas} running ({why}{facts})"]
    return []
