"""What holds for the decisions on any sequence of observations."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.kafka.lag import PartitionOffsets
from darkroom.scaling.decision import Decision
from darkroom.scaling.history import most_needed
from darkroom.scaling.observation import Observation, Work
from darkroom.scaling.rule import decide
from darkroom.scaling.settings import REVERSAL_S, Settings
from darkroom.scaling.state import State


@dataclass(frozen=True)
class Step:
    """One decision, with what it was made from."""

    settings: Settings
    before: State
    seen: Observation
    decision: Decision


_SETTINGS = st.builds(
    Settings,
    minimum=st.integers(0, 8),
    maximum=st.integers(8, 40),
    drain_target_s=st.sampled_from([1.0, 60.0, 600.0]),
    scale_to_zero_after_s=st.sampled_from([15.0, 300.0]),
    scale_down_delay_s=st.sampled_from([0.0, 60.0, 180.0]),
    metrics_only=st.sampled_from([False, False, False, True]),
    ordered=st.booleans(),
    loops=st.integers(1, 4),
)


def _runs() -> st.SearchStrategy[list[Step]]:
    """A stage that follows the decisions, whose input, workers and Kafka do anything."""
    return st.builds(_run, _SETTINGS, st.integers(1, 24), st.integers(0, 40), st.binary(min_size=4, max_size=120))


def _run(chosen: Settings, partitions: int, replicas: int, chances: bytes) -> list[Step]:
    begins, ends, committed = [0] * partitions, [0] * partitions, [0] * partitions
    state, at = State(), 0.0
    steps = []
    for time, flow, workers, kafka in _in_fours(chances):
        at += (15.0, 15.0, 1.0, 90.0)[time % 4]
        load, pace = (0, 0, 1, 30, 300, 3000)[flow % 6], (0, 1, 100, 10_000)[flow // 64]
        for i in range(partitions):
            ends[i] += load * (i + 1) // partitions
            committed[i] = min(ends[i], committed[i] + pace * (replicas > 0))
            begins[i] = max(begins[i], ends[i] - 20_000)
        offsets = tuple(
            None if kafka % 64 == i else PartitionOffsets(ends[i], begins[i], committed[i] or None)
            for i in range(partitions)
        )
        seen = Observation(
            at,
            offsets,
            replicas,
            ready=(replicas, replicas, replicas // 2, 0)[workers % 4],
            rolling_out=workers // 4 % 4 == 0,
            work=(None, Work(0, 0.0), Work(100 * replicas, 10.0 * replicas), Work(1, 60.0))[workers // 64],
        )
        decision = decide(chosen, state, seen)
        steps.append(Step(chosen, state, seen, decision))
        state, replicas = decision.state, decision.replicas
    return steps


def _in_fours(chances: bytes) -> Iterator[tuple[int, ...]]:
    """Four bytes at a time."""
    return (tuple(chances[i : i + 4]) for i in range(0, len(chances) - 3, 4))


def _lag(seen: Observation) -> int | None:
    return None if seen.known is None else sum(partition.lag for partition in seen.known)


@settings(max_examples=60)
@given(_runs())
def test_every_decision_keeps_its_promises(steps: list[Step]) -> None:
    for step in steps:
        chosen, seen, decision = step.settings, step.seen, step.decision
        most = min(chosen.maximum, -(-len(seen.partitions) // chosen.loops)) if chosen.ordered else chosen.maximum
        least = min(chosen.minimum, most)
        assert least <= decision.desired <= most
        if lag := _lag(seen):
            assert decision.desired > 0
            assert decision.lag == lag
        if seen.known is None:
            assert decision.state == step.before
            assert decision.desired == min(max(seen.replicas, least), most)
        if chosen.metrics_only:
            assert decision.replicas == seen.replicas
        if seen.rolling_out:
            assert decision.desired >= min(seen.replicas, most)


@settings(max_examples=60)
@given(_runs(), st.integers(1, 100_000))
def test_more_images_that_wait_never_mean_fewer_workers(steps: list[Step], more: int) -> None:
    last = steps[-1]
    if last.seen.known is None:
        return
    with_more = tuple(replace(partition, end=partition.end + more) for partition in last.seen.known)

    decision = decide(last.settings, last.before, replace(last.seen, partitions=with_more))

    assert decision.desired >= last.decision.desired


@settings(max_examples=60)
@given(_runs())
def test_workers_are_not_removed_soon_after_they_were_added_nor_added_for_what_was_seen_before(
    steps: list[Step],
) -> None:
    """No reversal within two minutes, but for limits of the settings and for input or a backlog that is new.

    Workers that are added after some were removed are needed for more than what was needed at most during the
    scale-down delay before that.
    """
    up_at, down_at, needed = None, None, 0
    for step in steps:
        seen, decision = step.seen, step.decision
        if decision.replicas > seen.replicas:
            if down_at is not None and seen.at - down_at < REVERSAL_S and decision.replicas > step.settings.minimum:
                assert most_needed(decision.state) > needed
            up_at = seen.at
        elif decision.replicas < seen.replicas and decision.replicas < step.settings.maximum:
            assert up_at is None or seen.at - up_at >= REVERSAL_S or seen.replicas > len(seen.partitions)
            down_at, needed = seen.at, most_needed(decision.state)
