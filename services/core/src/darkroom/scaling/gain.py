"""Whether a scale-up brought more throughput."""

from dataclasses import replace
from typing import Final

from darkroom.scaling.estimates import has_caught_up, images_done
from darkroom.scaling.settings import TICK_S
from darkroom.scaling.state import Reading, State, Trial

_GAIN: Final = 1.1
"""A scale-up is worth it if the throughput is at least this many times what it was."""

_SETTLED_S: Final = TICK_S
"""Time for the partitions to move to workers that have become ready."""

_MEASURED_S: Final = 2 * TICK_S
"""Time for which the throughput is measured then."""

_AGAIN_S: Final = 600.0
"""After this time, a scale-up is tried again: what limited the throughput may be gone."""


def started(state: State, replicas: int) -> State:
    """The state after a scale-up to `replicas`. One that is still on trial stays so, because later ones add to it.

    Without a throughput before the scale-up there is nothing to compare with.
    """
    if state.trial is not None or state.throughput is None:
        return state
    return replace(state, trial=Trial(replicas, state.throughput))


def judged(last: Reading | None, state: State, now: Reading) -> State:
    """The state with what is known of the scale-up on trial.

    Once the workers have caught up with the input there is nothing to judge. Their throughput is forgotten: by the next
    backlog there may be fewer of them.

    Args:
        last: the reading before `now`.
        state: the state so far.
        now: the current reading.
    """
    if last is None or has_caught_up(last, now):
        return replace(state, trial=None, no_gain_since=None, throughput=None)
    if state.no_gain_since is not None and now.at - state.no_gain_since >= _AGAIN_S:
        state = replace(state, no_gain_since=None)
    trial = state.trial
    if trial is None or now.ready < trial.replicas:
        return state
    if trial.ready_at is None:
        return replace(state, trial=replace(trial, ready_at=now.at))
    if trial.start is None:
        settled = now.at - trial.ready_at >= _SETTLED_S
        return replace(state, trial=replace(trial, start=now)) if settled else state
    seconds = now.at - trial.start.at
    if seconds < _MEASURED_S:
        return state
    gained = images_done(trial.start, now) / seconds >= _GAIN * trial.before
    return replace(state, trial=None, no_gain_since=None if gained else now.at)
