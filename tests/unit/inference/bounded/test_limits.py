"""The limits of a replay, from the settings and the pipes of one of its processes."""

import os
from collections.abc import Iterator

import pytest

from darkroom.stage_settings import Replay
from darkroom_inference.bounded.limits import Pipes, limits_of
from darkroom_inference.bounded.plan import ReplayPlan
from darkroom_inference.bounded.ranges import Range
from darkroom_inference.bounded.tally import Tally
from darkroom_inference.lifecycle.metrics import Metrics

REPLAY = Replay(generation="again", ranges={0: (3, 9)}, results_topic="mine")


@pytest.fixture
def tally() -> Iterator[Tally]:
    made = Tally()
    yield made
    made.close()


def test_the_plan_is_that_of_the_settings(tally: Tally) -> None:
    assert limits_of(REPLAY, Pipes(None, tally.writer), Metrics()).plan == ReplayPlan({0: Range(3, 9)}, "mine")


def test_outcomes_go_to_the_parent(tally: Tally) -> None:
    metrics = Metrics()
    limits = limits_of(REPLAY, Pipes(None, tally.writer), metrics)
    metrics.image("skipped")
    limits.counts.write()
    assert tally.counts() == {"skipped": 1}


def test_tokens_come_from_the_parent_if_there_is_a_rate_limit(tally: Tally) -> None:
    assert limits_of(REPLAY, Pipes(None, tally.writer), Metrics()).tokens is None
    reader, writer = os.pipe()
    tokens = limits_of(REPLAY, Pipes(reader, tally.writer), Metrics()).tokens
    os.write(writer, b".")
    assert tokens is not None
    assert (tokens.take(5), tokens.take(0)) == (True, False)
    os.close(reader)
    os.close(writer)
