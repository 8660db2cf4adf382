"""The limits of a replay for the loops of one process, and the pipes to the parent process."""

from dataclasses import dataclass

from darkroom.stage_settings import Replay
from darkroom_inference.bounded.plan import ReplayPlan
from darkroom_inference.bounded.ranges import Range
from darkroom_inference.bounded.rate import TokenReader
from darkroom_inference.bounded.tally import CountsWriter
from darkroom_inference.lifecycle.metrics import Metrics

TOKENS_FROM = "--tokens-from"
COUNTS_TO = "--counts-to"


@dataclass(frozen=True)
class Pipes:
    """File descriptors that a process of a replay inherits from its parent.

    Attributes:
        tokens: the pipe from which one token is read for each image; None if there is no rate limit.
        counts: the pipe to which the outcomes of images are written.
    """

    tokens: int | None
    counts: int


@dataclass(frozen=True)
class ReplayLimits:
    """Which images the loops analyse, how fast, and where they report the outcomes."""

    plan: ReplayPlan
    tokens: TokenReader | None
    counts: CountsWriter


def plan_of(replay: Replay) -> ReplayPlan:
    """The plan in the settings of a replay's process."""
    ranges = {partition: Range(start, end) for partition, (start, end) in replay.ranges.items()}
    return ReplayPlan(ranges, replay.results_topic)


def limits_of(replay: Replay, pipes: Pipes, metrics: Metrics) -> ReplayLimits:
    """The limits of the loops of this process."""
    tokens = None if pipes.tokens is None else TokenReader(pipes.tokens)
    return ReplayLimits(plan_of(replay), tokens, CountsWriter(pipes.counts, metrics))
