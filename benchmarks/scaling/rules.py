"""The rules that the simulation compares: Darkroom's, and one that scales as KEDA's Kafka scaler and an HPA do."""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol

from benchmarks.scaling.stage import Stage
from benchmarks.scaling.traces import Trace
from darkroom.kafka.lag import PartitionOffsets
from darkroom.scaling.observation import Observation
from darkroom.scaling.rule import decide
from darkroom.scaling.settings import TICK_S, Settings
from darkroom.scaling.state import State

DRAIN_TARGET_S: Final = 60.0

NEW_IMAGES_S: Final = 5
"""Seconds between two looks of the operator at stages without workers."""


class Rule(Protocol):
    """Sets the number of workers of a stage."""

    def look(self, stage: Stage) -> None:
        """Called every second."""


class Darkroom:
    """Darkroom's rule, from offsets only."""

    def __init__(self, trace: Trace) -> None:
        self._settings = Settings(minimum=0, maximum=trace.maximum, drain_target_s=DRAIN_TARGET_S)
        self._state = State()

    def look(self, stage: Stage) -> None:
        """Decide every 15 s, and every 5 s whether a stage without workers has got its first images."""
        if stage.second % (TICK_S if stage.replicas or not stage.lag else NEW_IMAGES_S):
            return
        offsets = tuple(PartitionOffsets(one.end, 0, one.done or None) for one in stage.partitions)
        seen = Observation(stage.second, offsets, stage.replicas, stage.ready)
        decision = decide(self._settings, self._state, seen)
        self._state = decision.state
        if decision.replicas != stage.replicas:
            stage.scale(decision.replicas)


@dataclass
class Keda:
    """KEDA's Kafka scaler with an HPA, with their defaults and a lag threshold of what a worker drains in time.

    Sources: KEDA 2.17, documentation of the Apache Kafka scaler and of ScaledObject (pollingInterval, cooldownPeriod,
    allowIdleConsumers); Kubernetes, pkg/controller/podautoscaler/horizontal.go. KEDA makes HPAs without `behavior`, so
    normalizeDesiredReplicas, stabilizeRecommendation and calculateScaleUpLimit apply.
    """

    trace: Trace
    _recommended: deque[tuple[int, int]] = field(default_factory=deque)
    _active_at: int = 0

    POLLING_S = 30
    COOLDOWN_S = 300
    SYNC_S = 15
    TOLERANCE = 0.1
    STABILIZATION_S = 300
    UP_PODS = 4

    def look(self, stage: Stage) -> None:
        """Between zero and one every 30 s, else every 15 s."""
        if stage.second % self.POLLING_S == 0:
            self._poll(stage)
        if stage.replicas and stage.second % self.SYNC_S == 0:
            self._sync(stage)

    def _poll(self, stage: Stage) -> None:
        """Any lag activates the stage; without lag for the cooldown period it goes to zero."""
        if stage.lag:
            self._active_at = stage.second
            if stage.replicas == 0:
                stage.scale(1)
        elif stage.replicas and stage.second - self._active_at >= self.COOLDOWN_S:
            stage.scale(0)
            self._recommended.clear()

    def _sync(self, stage: Stage) -> None:
        """The largest of five minutes of ceil(lag / threshold), or of what there is if that is within the tolerance.

        One step up is to twice as many, or to four.
        """
        threshold = self.trace.worker_rate * DRAIN_TARGET_S
        lag = min(stage.lag, threshold * self.trace.partitions)
        ratio = lag / (threshold * stage.replicas)
        wanted = stage.replicas if abs(1 - ratio) <= self.TOLERANCE else math.ceil(lag / threshold)
        self._recommended.append((stage.second, max(1, min(self.trace.maximum, wanted))))
        while self._recommended[0][0] <= stage.second - self.STABILIZATION_S:
            self._recommended.popleft()
        most = max(number for _, number in self._recommended)
        replicas = min(most, max(2 * stage.replicas, self.UP_PODS))
        if replicas != stage.replicas:
            stage.scale(replicas)
