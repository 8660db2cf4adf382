"""The settings of the rule, and its constants."""

from dataclasses import dataclass
from typing import Final, Self

from darkroom.api.autoscaling import Autoscaling

TICK_S: Final = 15.0
"""Seconds between two decisions for a stage that has workers."""

UTILISATION: Final = 0.75
"""The part of their time that workers are to be busy."""

DIVIDED_WELL: Final = 0.85
"""The part of their time that workers may be busy if one more would get no more partitions than they have."""

OVERLOAD: Final = 0.9
"""More workers are started when a larger part of their capacity is used."""

STEP_DOWN_S: Final = 60.0
"""Workers are removed at most once in this time."""

REVERSAL_S: Final = 120.0
"""A change of the number of workers within this time after one in the other direction is a reversal."""

STUCK_S: Final = 60.0
"""Without progress for this long, while ready workers are idle, a stage is stuck."""

STUCK_UNSEEN_S: Final = 300.0
"""The same for workers that may be busy: their metrics are not read, or they are not ready."""


@dataclass(frozen=True)
class Settings:
    """`stages[].autoscaling`, and what else the rule has to know of a stage.

    Attributes:
        minimum: fewest workers.
        maximum: most workers.
        drain_target_s: seconds in which a backlog is to be analysed.
        scale_to_zero_after_s: seconds without lag and without input, after which a minimum of 0 applies.
        scale_down_delay_s: seconds for which workers must have been more than needed before some are removed.
        metrics_only: recommend only.
        ordered: whether a partition is read by one loop at a time. False for share groups.
        loops: number of loops, each with a consumer of its own, in one worker.
    """

    minimum: int
    maximum: int
    drain_target_s: float = 60.0
    scale_to_zero_after_s: float = 300.0
    scale_down_delay_s: float = 180.0
    metrics_only: bool = False
    ordered: bool = True
    loops: int = 1

    @classmethod
    def of(cls, spec: Autoscaling, *, loops: int) -> Self:
        """The settings of a stage whose number of workers the rule sets, whatever `keda` says."""
        return cls(
            minimum=spec.min,
            maximum=spec.max,
            drain_target_s=spec.drain_target.in_ms / 1000,
            scale_to_zero_after_s=spec.scale_to_zero_after.in_ms / 1000,
            scale_down_delay_s=spec.scale_down_delay.in_ms / 1000,
            metrics_only=spec.metrics_only,
            loops=loops,
        )
