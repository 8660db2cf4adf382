"""The feed of one pipeline in this replica."""

import pytest

from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.hub import Hub, TooSlow, Waiter
from darkroom_ingestion.records.answers import StageFailure, StageResult


def event(offset: int, data: str = "{}", partitions: int = 1) -> FeedEvent:
    outcome = StageResult("classify", 1, {})
    return FeedEvent("analyzed", "i", "classify", data, outcome, ("classify", "r"), partitions - 1, offset)


def test_kept_entries_are_bounded_by_data_and_ids() -> None:
    """An id grows with the number of partitions, so small events can have large ids."""
    hub = Hub()
    with hub.reader():
        hub.add(event(0, partitions=4_000))
        for offset in range(2_000):
            hub.add(event(offset))
        kept = hub.after(hub.last - 1_000)
        size = sum(len(entry.event.data) + len(entry.position) for entry in kept)
        with pytest.raises(TooSlow):
            hub.after(0)

    assert len(kept) == 1_000
    assert size < 16 * 2**20


def test_records_that_nobody_waited_for_move_the_position_and_keep_no_entry() -> None:
    hub, other = Hub(), Hub()
    assert not hub.is_watched
    for offset in range(3):
        hub.skip(("classify", "r"), 0, offset)
        other.add(event(offset))
    with hub.reader():
        assert hub.is_watched
        assert hub.after(hub.last) == []
        hub.add(event(3))
        other.add(event(3))
        [entry] = hub.after(hub.last - 1)
    assert entry.event.offset == 3
    assert hub.positions is not None
    assert other.positions is not None
    assert hub.positions.encode() == other.positions.encode() == entry.position
    with hub.waiter("i", ["classify"]):
        assert hub.is_watched
    assert not hub.is_watched


def test_readers_of_a_pipeline_that_is_no_longer_served_are_woken() -> None:
    hub = Hub()
    with hub.reader() as more:
        assert not hub.closed
        hub.close()
        assert more.is_set()
    assert hub.closed


def test_a_failed_replay_does_not_complete_a_waiting_image() -> None:
    waiter = Waiter(["classify"])
    waiter.take(StageFailure("classify", 1_000, "DecodeError", "cut off", 1, None, generation="again"))
    assert not waiter.done.is_set()
    waiter.take(StageResult("classify", 2_000, {}))
    assert waiter.done.is_set()


def test_who_waits_for_an_image_is_answered_once_every_stage_has_said_something() -> None:
    waiter = Waiter(["classify", "detect"])
    waiter.take(StageResult("detect", 2_000, {}))
    assert not waiter.done.is_set()
    waiter.take(StageFailure("classify", 1_000, "DecodeError", "cut off", 1, None))
    assert waiter.done.is_set()
