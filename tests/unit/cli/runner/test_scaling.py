"""What `darkroom up` says of the number of workers."""

import pytest

from darkroom.scaling.decision import Decision, Reason
from darkroom.scaling.settings import Settings
from darkroom.scaling.state import State
from darkroom_cli.runner.autoscaling.scaling import changes

_SETTINGS = Settings(minimum=0, maximum=4)
_ADVISING = Settings(minimum=0, maximum=4, metrics_only=True)


def _decision(desired: int, replicas: int, reason: Reason) -> Decision:
    return Decision(desired, replicas, reason, State(), lag=7, rate_per_second=2.5)


def test_a_change_is_said_with_its_reason() -> None:
    (line,) = changes("demo/digits classify", _SETTINGS, 0, 0, _decision(1, 1, Reason.FIRST_IMAGE))

    why = "FirstImage: an image arrived at a stage without workers; lag 7, 2.5 images/s"
    assert line == f"demo/digits classify: 0 -> 1 worker(s) ({why})"


@pytest.mark.parametrize(("before", "lines"), [(None, 1), (1, 1), (3, 0)])
def test_a_recommendation_is_said_when_it_changes(before: int | None, lines: int) -> None:
    said = changes("demo/digits classify", _ADVISING, 1, before, _decision(3, 1, Reason.RATE_NEEDS_MORE))

    assert len(said) == lines
    assert all("3 worker(s) recommended, 1 running (RateNeedsMore" in line for line in said)


def test_nothing_is_said_while_nothing_changes() -> None:
    assert changes("demo/digits classify", _SETTINGS, 2, 2, _decision(2, 2, Reason.ENOUGH)) == []
