"""The rate of images and the rate of one worker, estimated from offsets."""

import pytest

from darkroom.kafka.lag import PartitionOffsets
from darkroom.scaling.estimates import has_caught_up, images_done, learn
from darkroom.scaling.observation import Work
from darkroom.scaling.state import Reading, State


def _reading(at: float, *partitions: tuple[int, int], ready: int = 1) -> Reading:
    """Partitions as end and committed offset."""
    return Reading(at, tuple(PartitionOffsets(end, 0, committed) for end, committed in partitions), ready)


def _learned(*readings: Reading, loops: int = 1, work: Work | None = None) -> State:
    state = State()
    for reading in readings:
        state = learn(state, reading, work, loops)
    return state


def test_the_rate_of_images_is_unknown_at_first_and_then_the_growth_of_all_logs() -> None:
    assert _learned(_reading(0, (100, 0))).rate_in is None
    assert _learned(_reading(0, (100, 0), (50, 0)), _reading(15, (130, 0), (65, 0))).rate_in == 3


def test_a_rate_of_few_images_is_smoothed_over_a_longer_time() -> None:
    few = _learned(_reading(0, (0, 0)), _reading(15, (15, 0)), _reading(30, (45, 0))).rate_in
    many = _learned(_reading(0, (0, 0)), _reading(15, (1500, 0)), _reading(30, (4500, 0))).rate_in

    assert few == pytest.approx(1 + (2 - 1) * 0.0488, abs=1e-4)  # 1 - exp(-15 / 300)
    assert many == pytest.approx(100 + (200 - 100) * 0.3935, abs=1e-2)  # 1 - exp(-15 / 30)


def test_a_worker_with_a_backlog_all_the_time_shows_its_rate() -> None:
    assert _learned(_reading(0, (1000, 0)), _reading(15, (1000, 150))).worker_rate == 10


def test_workers_without_a_backlog_show_nothing() -> None:
    assert _learned(_reading(0, (100, 90)), _reading(15, (250, 240))).worker_rate is None


def test_a_small_backlog_in_many_partitions_counts_if_less_was_read_than_waited() -> None:
    waiting = [(10, 0)] * 4

    assert _learned(_reading(0, *waiting), _reading(15, *[(20, 10)] * 4)).worker_rate == pytest.approx(40 / 15)
    assert _learned(_reading(0, *waiting), _reading(15, *[(20, 11)] * 4)).worker_rate is None


def test_one_busy_partition_shows_the_rate_of_one_worker() -> None:
    """With a worker for each of four partitions, of which one has most of the images."""
    busy_and_idle = _reading(15, (2000, 150), (8, 8), (8, 8), (8, 8), ready=4)

    learned = _learned(_reading(0, (1000, 0), (0, 0), (0, 0), (0, 0), ready=4), busy_and_idle)

    assert learned.worker_rate == pytest.approx(150 / 15)


def test_a_busy_loop_has_read_its_idle_partitions_too() -> None:
    """Two workers of two partitions: of those of the busy one, one had no backlog, and as many images as the others."""
    busy_and_idle = _reading(15, (2000, 150), (30, 30), (30, 30), (30, 30), ready=2)

    learned = _learned(_reading(0, (1000, 0), (0, 0), (0, 0), (0, 0), ready=2), busy_and_idle)

    assert learned.worker_rate == pytest.approx((150 + 30) / 15)


def test_the_loops_of_a_worker_add_up() -> None:
    assert _learned(_reading(0, (900, 0), (900, 0)), _reading(15, (900, 75), (900, 75)), loops=2).worker_rate == 10


def test_what_was_measured_while_workers_were_joining_is_replaced() -> None:
    joining = [_reading(0, (9000, 0), ready=0), _reading(15, (9000, 0)), _reading(30, (9000, 30))]

    assert _learned(*joining).worker_rate == 2
    assert _learned(*joining, _reading(45, (9000, 180))).worker_rate == 10


def test_the_metrics_of_workers_are_preferred() -> None:
    work = Work(images=300, busy_s=10)

    assert _learned(_reading(0, (1000, 0)), _reading(15, (1000, 150)), work=work).worker_rate == 30


def test_the_first_images_count_only_until_more_are_done() -> None:
    idle = [_reading(15 * number, (0, 0)) for number in range(3)]
    first = learn(learn(State(), idle[0], None, 1), idle[1], Work(images=1, busy_s=2), 1)

    assert first.worker_rate == 0.5
    assert learn(first, idle[2], Work(images=50, busy_s=5), 1).worker_rate == 10


def test_images_that_retention_deleted_were_not_read_by_a_worker() -> None:
    before = Reading(0, (PartitionOffsets(9000, 0, 100),), ready=1)
    after = Reading(15, (PartitionOffsets(9000, 7000, 100),), ready=1)

    assert images_done(before, after) == 0
    assert _learned(before, after).worker_rate is None


def test_a_topic_that_was_created_again_is_another_log() -> None:
    learned = _learned(_reading(0, (1000, 0)), _reading(15, (1150, 0)), _reading(30, (5, 0)))

    assert learned.rate_in == 10
    assert learned.last == _reading(30, (5, 0))


def test_workers_have_caught_up_when_nothing_that_waited_still_waits() -> None:
    assert has_caught_up(_reading(0, (10, 0), (5, 5)), _reading(15, (90, 10), (5, 5)))
    assert not has_caught_up(_reading(0, (10, 0), (5, 5)), _reading(15, (90, 9), (5, 5)))
