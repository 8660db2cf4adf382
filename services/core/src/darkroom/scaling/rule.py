"""The number of workers of a stage. Pure: observations and times are arguments."""

import math
from dataclasses import dataclass, replace

from darkroom.scaling import gain, history
from darkroom.scaling.bounds import Bounds, workforce_of
from darkroom.scaling.decision import Decision, Reason
from darkroom.scaling.demand import Demand
from darkroom.scaling.estimates import learn
from darkroom.scaling.observation import Observation
from darkroom.scaling.partitions import Workforce
from darkroom.scaling.settings import REVERSAL_S, STEP_DOWN_S, Settings
from darkroom.scaling.state import Reading, State


def decide(settings: Settings, state: State, seen: Observation) -> Decision:
    """The number of workers that a stage is to have after `seen`.

    Without known offsets nothing changes, except that the limits of `settings` apply.

    Args:
        settings: of the stage.
        state: that of the previous decision; `State()` at first.
        seen: the stage now, at a later time than at the previous decision.
    """
    workforce = workforce_of(settings, len(seen.partitions))
    bounds = Bounds.of(settings, workforce)
    partitions = seen.known
    if partitions is None:
        desired = bounds.within(seen.replicas)
        return Decision(desired, _to_set(settings, seen, desired), Reason.UNKNOWN_OFFSETS, state)
    now = Reading(seen.at, partitions, seen.ready)
    lag = sum(partition.lag for partition in partitions)
    learned = history.with_activity(state, learn(state, now, seen.work, settings.loops), now, seen, lag)
    learned = gain.judged(state.last, learned, now)
    demand = _demand(settings, learned, lag)
    overloaded = _is_overloaded(demand, learned, seen, workforce)
    active = history.idle_s(learned, seen.at) < settings.scale_to_zero_after_s or lag > 0
    need = _need(demand, workforce, seen.replicas, lag) if active else 0
    learned = history.with_need(state, learned, now, need, settings.scale_down_delay_s)
    case = _Case(settings, learned, seen, workforce, bounds, demand, lag, need, overloaded, active)
    desired, reason = case.choose()
    replicas = _to_set(settings, seen, desired)
    return Decision(
        desired,
        replicas,
        reason,
        _changed(learned, seen, replicas),
        lag,
        learned.rate_in,
        0.0 if lag == 0 else demand.drain_s(seen.replicas, workforce) if demand else None,
    )


def _is_overloaded(demand: Demand | None, state: State, seen: Observation, workforce: Workforce) -> bool:
    if demand is None:
        return False
    overloads = demand.clearly_overloads if _is_recent(state.down_at, seen.at) else demand.overloads
    return overloads(seen.replicas, workforce)


def _is_recent(change_at: float | None, now: float) -> bool:
    """Whether a change in the other direction would be a reversal."""
    return change_at is not None and now - change_at < REVERSAL_S


def _to_set(settings: Settings, seen: Observation, desired: int) -> int:
    return seen.replicas if settings.metrics_only else desired


def _demand(settings: Settings, state: State, lag: int) -> Demand | None:
    """None if a rate is not known yet."""
    if state.rate_in is None or state.worker_rate is None:
        return None
    return Demand(lag, state.rate_in, state.worker_rate, settings.drain_target_s)


def _need(demand: Demand | None, workforce: Workforce, replicas: int, lag: int) -> int:
    """The fewest workers that carry the demand; at least one, because there is or was input.

    While the rate of a worker is unknown, as many as there are, or about three quarters of them if nothing waits: too
    few of them would cause a backlog, in which the rate is measured.
    """
    if demand is not None:
        return max(1, demand.workers(workforce))
    return max(1, replicas if lag else workforce.at_most(replicas * 3 // 4))


def _changed(state: State, seen: Observation, replicas: int) -> State:
    if replicas > seen.replicas:
        return gain.started(replace(state, up_at=seen.at), replicas)
    if replicas < seen.replicas:
        return replace(state, down_at=seen.at, trial=None)
    return state


@dataclass(frozen=True)
class _Case:
    """One decision, with everything that it depends on."""

    settings: Settings
    state: State
    seen: Observation
    workforce: Workforce
    bounds: Bounds
    demand: Demand | None
    lag: int
    need: int
    overloaded: bool
    active: bool

    def choose(self) -> tuple[int, Reason]:
        """The number of workers within the limits, and why."""
        wanted, reason = self._wanted()
        chosen = self.bounds.within(wanted)
        if chosen > wanted:
            return chosen, Reason.AT_MINIMUM
        return chosen, self._at_ceiling() if chosen < wanted else reason

    def _wanted(self) -> tuple[int, Reason]:
        current = self.seen.replicas
        if self.lag and current == 0:
            return max(1, self._step_up(self.need)), Reason.FIRST_IMAGE
        if self.lag and history.is_stuck(self.state, self.seen):
            return current, Reason.STUCK
        if self.overloaded:
            return self._up()
        if not self.active and self.bounds.floor == 0:
            return self._down(0, Reason.NO_INPUT) if current else (0, Reason.NO_INPUT)
        most = max(history.most_needed(self.state), self.bounds.floor)
        if most < current:
            return self._down(max(most, math.ceil(current / 2)), Reason.LESS_NEEDED)
        return current, self._why_kept()

    def _up(self) -> tuple[int, Reason]:
        current = self.seen.replicas
        if current >= self.bounds.ceiling:
            return current, self._at_ceiling()
        if self.state.no_gain_since is not None:
            return current, Reason.NO_GAIN
        wanted = self._step_up(self.need)
        if wanted <= current:
            return current, self._at_ceiling()
        demand = self.demand
        by_rate = demand is not None and demand.for_rate >= demand.for_backlog
        return wanted, Reason.RATE_NEEDS_MORE if by_rate else Reason.BACKLOG_NEEDS_MORE

    def _step_up(self, workers: int) -> int:
        """At most twice as many as now or four more, and none that adds nothing."""
        current = self.seen.replicas
        return self.workforce.at_most(min(workers, self.bounds.ceiling, max(2 * current, current + 4)))

    def _down(self, workers: int, reason: Reason) -> tuple[int, Reason]:
        """Down to `workers`, or to the next number of which none is superfluous, if the time for it has come."""
        current, now, state = self.seen.replicas, self.seen.at, self.state
        wanted = self.workforce.at_least(workers) if workers else 0
        if wanted >= current:
            return current, Reason.ENOUGH
        if self.seen.rolling_out:
            return current, Reason.ROLLING_OUT
        known_s = now - (state.needs_since if state.needs_since is not None else now)
        waits = (
            (workers > 0 and known_s < self.settings.scale_down_delay_s)
            or (state.down_at is not None and now - state.down_at < STEP_DOWN_S)
            or _is_recent(state.up_at, now)
        )
        return (current, Reason.SCALE_DOWN_DELAY) if waits else (wanted, reason)

    def _why_kept(self) -> Reason:
        if self.demand is None and self.lag:
            return Reason.MEASURING
        if self.workforce.at_least(self.need) >= self.seen.replicas:
            return Reason.ENOUGH
        return Reason.AT_MINIMUM if self.seen.replicas == self.bounds.floor else Reason.SCALE_DOWN_DELAY

    def _at_ceiling(self) -> Reason:
        return Reason.AT_PARTITIONS if self.bounds.by_partitions else Reason.AT_MAXIMUM
