"""What the rule remembers: activity, progress, and how many workers were needed."""

from dataclasses import replace
from typing import Final

from darkroom.scaling.estimates import images_done
from darkroom.scaling.observation import Observation
from darkroom.scaling.settings import STUCK_S, STUCK_UNSEEN_S, TICK_S
from darkroom.scaling.state import Need, Reading, State

_GAP_S: Final = 4 * TICK_S
"""After this time without known offsets, the workers needed in between are unknown."""


def with_activity(before: State, state: State, now: Reading, seen: Observation, lag: int) -> State:
    """The state with the times of the last input, and of the last progress of the workers.

    Args:
        before: the state at the previous decision.
        state: the state with the estimates of this one.
        now: the offsets.
        seen: the observation that `now` is from.
        lag: number of images that wait.
    """
    last = before.last
    pairs = [] if last is None else list(zip(last.partitions, now.partitions, strict=False))
    has_input = last is None or len(now.partitions) != len(pairs) or any(new.end != old.end for old, new in pairs)
    worked = seen.work is not None and (seen.work.images > 0 or seen.work.busy_s > 0)
    progressed = worked or last is None or images_done(last, now) > 0
    if has_input or lag or state.active_at is None:
        state = replace(state, active_at=now.at)
    if progressed or lag == 0 or seen.replicas == 0 or state.progress_at is None:
        state = replace(state, progress_at=now.at)
    return state


def idle_s(state: State, at: float) -> float:
    """Seconds since images last arrived or waited."""
    return 0.0 if state.active_at is None else at - state.active_at


def is_stuck(state: State, seen: Observation) -> bool:
    """Whether images have waited too long for any progress. Workers whose metrics show no work get less time."""
    if state.progress_at is None:
        return False
    idle = seen.ready > 0 and seen.work is not None and seen.work.busy_s == 0
    return seen.at - state.progress_at >= (STUCK_S if idle else STUCK_UNSEEN_S)


def with_need(before: State, state: State, now: Reading, workers: int, delay_s: float) -> State:
    """The state with the number of workers needed now. Needs that a later, larger one hides are dropped."""
    kept = tuple(need for need in state.needs if need.at > now.at - delay_s and need.workers > workers)
    gap = before.last is None or state.needs_since is None or now.at - before.last.at > _GAP_S
    since = now.at if gap else state.needs_since
    return replace(state, needs=(*kept, Need(now.at, workers)), needs_since=since)


def most_needed(state: State) -> int:
    """The most workers that were needed during the scale-down delay."""
    return max((need.workers for need in state.needs), default=0)
