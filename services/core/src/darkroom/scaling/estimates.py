"""Estimates of the rate of images and of the rate of one worker, from two readings of offsets."""

import math
from dataclasses import replace
from typing import Final

from darkroom.kafka.lag import PartitionOffsets
from darkroom.scaling.observation import Work
from darkroom.scaling.state import Reading, State

_RATE_IN_S: Final = (30.0, 300.0)
"""The shortest and the longest time constant of the smoothed rate of images."""

_RATE_IN_IMAGES: Final = 300.0
"""Between them, the time constant is the time in which this many images arrive.

Arrivals are random: the standard deviation of a rate that is smoothed over n images is 1 / sqrt(2 n) of it, here 4 %.
"""

_WORKER_RATE_S: Final = 60.0
"""Time constant of the smoothed rate of one worker."""

_WORKER_RATE_IMAGES: Final = 100.0
"""A measurement of fewer images than this a minute counts less, because batches are committed as a whole."""

_SHORTEST_SPAN_S: Final = 5.0
"""A worker's rate is measured over at least this time, because offsets are committed once a batch."""


def learn(state: State, now: Reading, work: Work | None, loops: int) -> State:
    """The state with the estimates that follow from `now`."""
    last = state.last
    if last is None or now.at <= last.at or _is_another_log(last, now):
        return replace(state, last=now, span=now)
    state = replace(state, rate_in=_rate_in(state.rate_in, last, now))
    state = _learn_from_offsets(state, now, loops, measure_worker=work is None)
    if work is not None and work.images > 0 and work.busy_s > 0:
        busy_s = work.busy_s / loops
        is_first = state.worker_rate is None  # its first images took a worker longer
        state = _with_worker_rate(state, work.images / busy_s, work.images, busy_s, is_rough=is_first)
    return replace(state, last=now)


def smoothed(before: float | None, value: float, weight: float) -> float:
    """Exponential smoothing: before + (value - before) * (1 - exp(-weight)); the value if there is none before.

    Args:
        before: the smoothed value so far.
        value: the new value.
        weight: the time that `value` stands for, divided by the time constant.
    """
    return value if before is None else before + (value - before) * (1 - math.exp(-weight))


def has_caught_up(old: Reading, new: Reading) -> bool:
    """Whether no image that waited at the first of two readings still waits at the second."""
    return all(after.next >= before.end for before, after in zip(old.partitions, new.partitions, strict=False))


def images_done(old: Reading, new: Reading) -> int:
    """Images read between two readings, in all partitions."""
    return sum(_done(before, after) for before, after in zip(old.partitions, new.partitions, strict=False))


def _rate_in(before: float | None, last: Reading, now: Reading) -> float:
    """Images per second: the growth of all logs, smoothed."""
    seconds = now.at - last.at
    images = sum(new.end - old.end for old, new in zip(last.partitions, now.partitions, strict=False))
    rate = images / seconds
    shortest, longest = _RATE_IN_S
    usual = before or rate
    constant_s = min(longest, max(shortest, _RATE_IN_IMAGES / usual)) if usual else shortest
    return smoothed(before, rate, seconds / constant_s)


def _learn_from_offsets(state: State, now: Reading, loops: int, *, measure_worker: bool) -> State:
    """Measure throughput during a backlog, in which loops are never idle.

    A span of time ends when it is long enough and offsets have been committed in it. It starts again when the number of
    ready workers changes.
    """
    span = state.span
    if span is None or span.ready != now.ready or now.ready == 0:
        return replace(state, span=replace(now, is_rough=span is not None and span.ready != now.ready))
    seconds, done = now.at - span.at, images_done(span, now)
    busy = _busy_partitions(span, now)
    if not busy:
        return replace(state, span=now)
    if seconds < _SHORTEST_SPAN_S or done == 0:
        return state
    state = replace(state, span=now, throughput=done / seconds)
    if not measure_worker:
        return state
    rate = _rate_of_a_loop(busy, done, len(now.partitions), now.ready * loops) * loops / seconds
    return _with_worker_rate(state, rate, done, seconds, is_rough=span.is_rough)


def _busy_partitions(old: Reading, new: Reading) -> list[int]:
    """The images read in those partitions whose loops had something to read all the time between two readings.

    In these, images that waited at first still wait. If there are none, but more images waited in all than were read,
    a small backlog is spread over many partitions: then those with a backlog count.
    """
    pairs = list(zip(old.partitions, new.partitions, strict=False))
    behind = [_done(before, after) for before, after in pairs if after.next < before.end]
    if behind or images_done(old, new) > sum(before.lag for before, _ in pairs):
        return behind
    return [_done(before, after) for before, after in pairs if before.lag]


def _rate_of_a_loop(busy: list[int], done: int, partitions: int, loops: int) -> float:
    """Images that one busy loop reads in the time in which all read `done`.

    At most as many loops as busy partitions are busy. They share what was read in these. The rest was read in the idle
    partitions: a busy loop has as many of them as remain of its equal part of all partitions.
    """
    in_busy, busy_loops = sum(busy), min(loops, len(busy))
    idle = partitions - len(busy)
    idle_of_a_loop = max(0.0, partitions / loops - len(busy) / busy_loops)
    return in_busy / busy_loops + (idle_of_a_loop * (done - in_busy) / idle if idle else 0.0)


def _with_worker_rate(state: State, rate: float, images: int, seconds: float, *, is_rough: bool) -> State:
    """A rough measurement counts only until there is a better one."""
    if is_rough and state.worker_rate is not None and not state.is_rough:
        return state
    before = None if state.is_rough else state.worker_rate
    weight = min(seconds / _WORKER_RATE_S, images / _WORKER_RATE_IMAGES)
    return replace(state, worker_rate=smoothed(before, rate, weight), is_rough=is_rough)


def _done(old: PartitionOffsets, new: PartitionOffsets) -> int:
    """Images read between two readings; 0 where retention deleted images before they were read."""
    return 0 if new.beginning > old.next else max(0, new.next - old.next)


def _is_another_log(last: Reading, now: Reading) -> bool:
    """Whether the topic was created again, or offsets were reset, since the last reading."""
    return len(now.partitions) < len(last.partitions) or any(
        new.end < old.end or new.next < old.next for old, new in zip(last.partitions, now.partitions, strict=False)
    )
