"""What the loops of one process of a replay share."""

from dataclasses import dataclass

from darkroom.stage_settings import Replay
from darkroom_inference.bounded.plan import Plan
from darkroom_inference.bounded.ranges import Range
from darkroom_inference.bounded.rate import Allowance
from darkroom_inference.bounded.tally import Teller
from darkroom_inference.lifecycle.metrics import Metrics

TOKENS_FROM = "--tokens-from"
COUNTS_TO = "--counts-to"


@dataclass(frozen=True)
class Pipes:
    """File descriptors that a process of a replay has from its parent.

    Attributes:
        tokens: to take one from before each image; None if the rate has no bound.
        counts: to tell what became of the images.
    """

    tokens: int | None
    counts: int


@dataclass(frozen=True)
class ReplayTerms:
    """Within what bounds the loops work, and whom they tell."""

    plan: Plan
    allowance: Allowance | None
    teller: Teller


def plan_of(replay: Replay) -> Plan:
    """The plan that the settings of a replay's process hold."""
    return Plan({partition: Range(*each) for partition, each in replay.ranges.items()}, replay.results_topic)


def terms_of(replay: Replay, pipes: Pipes, metrics: Metrics) -> ReplayTerms:
    """The terms for the loops of this process."""
    allowance = None if pipes.tokens is None else Allowance(pipes.tokens)
    return ReplayTerms(plan_of(replay), allowance, Teller(pipes.counts, metrics))
