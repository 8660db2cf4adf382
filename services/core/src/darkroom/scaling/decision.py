"""The rule's answer."""

from dataclasses import dataclass
from enum import StrEnum

from darkroom.scaling.state import State


class Reason(StrEnum):
    """Why a stage has, or gets, its number of workers."""

    RATE_NEEDS_MORE = "RateNeedsMore"
    BACKLOG_NEEDS_MORE = "BacklogNeedsMore"
    FIRST_IMAGE = "FirstImage"
    LESS_NEEDED = "LessNeeded"
    NO_INPUT = "NoInput"
    ENOUGH = "Enough"
    AT_MINIMUM = "AtMinimum"
    AT_MAXIMUM = "AtMaximum"
    AT_PARTITIONS = "AtPartitions"
    SCALE_DOWN_DELAY = "ScaleDownDelay"
    ROLLING_OUT = "RollingOut"
    UNKNOWN_OFFSETS = "UnknownOffsets"
    MEASURING = "Measuring"
    NO_GAIN = "NoGain"
    STUCK = "Stuck"

    @property
    def explanation(self) -> str:
        """The reason as a sentence for events and logs."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Reason.RATE_NEEDS_MORE: "more images arrive than the workers can analyse",
    Reason.BACKLOG_NEEDS_MORE: "the backlog would take longer than drainTarget",
    Reason.FIRST_IMAGE: "an image arrived at a stage without workers",
    Reason.LESS_NEEDED: "fewer workers were needed during scaleDownDelay",
    Reason.NO_INPUT: "no image arrived or waited during scaleToZeroAfter",
    Reason.ENOUGH: "the workers keep up",
    Reason.AT_MINIMUM: "autoscaling.min workers are kept",
    Reason.AT_MAXIMUM: "more workers are needed than autoscaling.max allows",
    Reason.AT_PARTITIONS: "more workers are needed than the images topic has partitions for",
    Reason.SCALE_DOWN_DELAY: "fewer workers are needed, but not for long enough yet",
    Reason.ROLLING_OUT: "fewer workers are needed, but a rollout is in progress",
    Reason.UNKNOWN_OFFSETS: "offsets can't be read, so the number of workers is kept",
    Reason.MEASURING: "the rate of a worker is not known yet",
    Reason.NO_GAIN: "the last scale-up raised the throughput by less than 10 %, so no more workers are added",
    Reason.STUCK: "images wait, and no worker makes progress, so no more workers are added",
}


@dataclass(frozen=True)
class Decision:
    """The number of workers of a stage.

    Attributes:
        desired: the number that the rule asks for.
        replicas: the number to set: `desired`, or with `metrics_only` the number as it is.
        reason: why.
        state: what to pass to the next decision.
        lag: number of images that wait; None if unknown.
        rate_per_second: images that arrive per second, smoothed; None if unknown.
        drain_s: seconds until the backlog is analysed; None if unknown, or if the backlog grows.
    """

    desired: int
    replicas: int
    reason: Reason
    state: State
    lag: int | None = None
    rate_per_second: float | None = None
    drain_s: float | None = None
