"""Which images of a share group a loop processes together, accepts and releases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from confluent_kafka import AcknowledgeType, KafkaError, KafkaException, Message

from darkroom_inference.kafka.consumed import image_record
from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.kafka.marks import CLEAN, Mark
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.share_group.lent_images import LentImages
from darkroom_inference.share_group.limits import GroupLimits
from tests.support.clock import Clock
from tests.support.services.turns import FakeMessage

if TYPE_CHECKING:
    from confluent_kafka import ShareConsumer

    from darkroom_inference.lifecycle.images_at_work import Position

ACCEPT, RELEASE = AcknowledgeType.ACCEPT, AcknowledgeType.RELEASE


class LentMessage(FakeMessage):
    """An image of partition 0."""

    def __init__(self, offset: int, deliveries: int = 1) -> None:
        super().__init__(offset, b"image")
        self._deliveries = deliveries

    def delivery_count(self) -> int:
        return self._deliveries


@dataclass
class Group:
    """A share group that lends `polls`, one list after the other, and keeps the acknowledgements."""

    polls: list[list[LentMessage]]
    acknowledged: list[tuple[int, AcknowledgeType]] = field(default_factory=list)
    commits: int = 0
    refusal: KafkaException | None = None

    def poll(self, _timeout: float) -> list[LentMessage]:
        return self.polls.pop(0) if self.polls else []

    def acknowledge(self, message: Message, kind: AcknowledgeType) -> None:
        self.acknowledged.append((message.offset() or 0, kind))

    def commit_sync(self, _timeout: float) -> dict[int, KafkaException | None]:
        self.commits += 1
        return {0: self.refusal}


@dataclass
class Others:
    """What all workers know: the suspects in partition 0 by offset. Asking takes no time."""

    suspects: dict[int, int] = field(default_factory=dict)
    asked: list[set[int]] = field(default_factory=list)

    def __call__(self, partitions: Iterable[int]) -> "dict[Position, int]":
        self.asked.append(set(partitions))
        return {(0, offset): attempts for offset, attempts in self.suspects.items()}


def lent(
    group: Group, images_per_s: float = 100.0, others: Others | None = None, **suspects: int
) -> tuple[LentImages, Clock]:
    """`suspects` are named `at_OFFSET`."""
    clock = Clock()
    table: dict[Position, int] = {(0, int(name[3:])): attempts for name, attempts in suspects.items()}

    def pause(seconds: float) -> None:
        clock.now += seconds

    images = LentImages(
        cast("ShareConsumer", group),
        GroupLimits(60.0, 10),
        lambda: table,
        others or Others(),
        lambda seconds: max(1, int(images_per_s * seconds)),
        1,
        Metrics(),
        pause,
        clock,
    )
    return images, clock


def taken(images: LentImages, most: int = 64) -> list[ImageRecord]:
    return [image_record(message) for message in images.consume(most, 0.2)]


def finish(images: LentImages, records: Sequence[ImageRecord]) -> None:
    progress = images.progress(records, CLEAN)
    images.commit(progress)
    images.advance(progress)


def turns(images: LentImages) -> list[list[int]]:
    """The offsets of each turn until nothing is left."""
    found: list[list[int]] = []
    while records := taken(images):
        found.append([record.offset for record in records])
        finish(images, records)
    return found


def test_images_are_processed_together_and_accepted() -> None:
    group = Group([[LentMessage(n) for n in range(5)], [LentMessage(9)]])
    images, _ = lent(group)
    assert turns(images) == [[0, 1, 2, 3, 4], [9]]
    assert group.acknowledged == [(n, ACCEPT) for n in [0, 1, 2, 3, 4, 9]]
    assert group.commits == 2


def test_a_suspect_is_processed_alone_after_all_others() -> None:
    group = Group([[LentMessage(n, deliveries=2) for n in range(4)]])
    images, _ = lent(group, at_1=2)
    records = taken(images)
    assert [record.offset for record in records] == [0, 2, 3]
    finish(images, records)
    (suspect,) = taken(images)
    assert images.next_group([suspect]) == ([suspect], [], True)
    assert images.mark(suspect) == Mark(suspects=1, attempts=2, in_hand=True)
    assert images.verdict(suspect, 3) is None
    assert images.verdict(suspect, 2) == ("PoisonImage", 2)


def test_an_image_that_ended_processes_of_other_workers_is_a_suspect() -> None:
    others = Others({1: 2, 2: 0})
    images, _ = lent(Group([[LentMessage(n, deliveries=2) for n in range(3)]]), others=others, at_1=1)
    (first,) = taken(images)
    assert first.offset == 0
    finish(images, [first])
    (suspect,) = taken(images)
    assert images.next_group([suspect]) == ([suspect], [], True)
    assert images.verdict(suspect, 2) == ("PoisonImage", 2)
    finish(images, [suspect])
    (suspect,) = taken(images)
    assert images.mark(suspect).attempts == 0
    assert images.verdict(suspect, 1) is None
    assert others.asked == [{0}]


def test_other_workers_are_not_asked_about_images_that_are_lent_for_the_first_time() -> None:
    others = Others({0: 3})
    images, _ = lent(Group([[LentMessage(0)]]), others=others)
    assert turns(images) == [[0]]
    assert others.asked == []


@pytest.mark.parametrize(("deliveries", "waits"), [(1, False), (2, False), (3, True)])
def test_a_loop_waits_for_what_others_know_before_an_image_that_was_lent_again_and_again(
    deliveries: int, *, waits: bool
) -> None:
    images, clock = lent(Group([[LentMessage(0, deliveries)]]))
    began = clock.now
    taken(images)
    assert (clock.now > began) == waits


def test_an_image_that_the_broker_would_soon_drop_comes_first_and_is_not_tried() -> None:
    images, _ = lent(Group([[LentMessage(0), LentMessage(1, deliveries=9)]]))
    (last,) = taken(images)
    assert last.offset == 1
    assert images.next_group([last]) == ([last], [], True)
    assert images.verdict(last, 3) == ("DeliveryLimit", 9)


@pytest.mark.parametrize(("deliveries", "order"), [(5, [1, 2, 3]), (6, [3, 2, 1])])
def test_images_that_were_lent_often_are_settled_one_by_one_in_alternating_order(
    deliveries: int, order: list[int]
) -> None:
    images, _ = lent(Group([[LentMessage(n, deliveries) for n in (1, 2, 3)]]))
    assert turns(images) == [[n] for n in order]


@pytest.mark.parametrize(("deliveries", "kept"), [(1, 4), (3, 4), (4, 10)])
def test_what_a_slow_loop_cannot_process_soon_is_released_unless_it_was_lent_often(deliveries: int, kept: int) -> None:
    group = Group([[LentMessage(n, deliveries) for n in range(10)]])
    images, _ = lent(group, images_per_s=2)
    assert len(taken(images)) == kept
    assert group.acknowledged == [(n, RELEASE) for n in range(kept, 10)]


def test_what_is_not_begun_within_half_of_the_lock_is_released() -> None:
    group = Group([[LentMessage(n) for n in range(4)]])
    images, clock = lent(group)
    first = taken(images, most=1)
    clock.now += 31
    finish(images, first)
    assert taken(images) == []
    assert group.acknowledged == [(0, ACCEPT), (1, RELEASE), (2, RELEASE), (3, RELEASE)]


def test_images_that_could_not_be_settled_are_taken_again_and_not_released() -> None:
    group = Group([[LentMessage(n) for n in range(3)]])
    images, clock = lent(group)
    records = taken(images)
    images.rewind(records)
    clock.now += 100
    assert taken(images) == records
    assert group.acknowledged == []


def test_an_image_on_which_the_model_failed_is_tried_alone() -> None:
    images, _ = lent(Group([[LentMessage(n) for n in range(3)]]))
    records = taken(images)
    progress = images.progress(records[:1], CLEAN, failed=records[1])
    images.commit(progress)
    images.advance(progress)
    assert images.next_group(records[1:]) == ([records[1]], [records[2]], True)
    assert images.mark(records[1]).attempts == 1


def test_everything_is_released_at_the_end() -> None:
    group = Group([[LentMessage(n) for n in range(3)]])
    images, _ = lent(group)
    taken(images, most=1)
    images.close()
    assert group.acknowledged == [(n, RELEASE) for n in range(3)]


def test_a_refused_acknowledgement_is_not_repeated() -> None:
    group = Group([[LentMessage(0)]], refusal=KafkaException(KafkaError(KafkaError.INVALID_RECORD_STATE)))
    images, _ = lent(group)
    assert turns(images) == [[0]]
    assert group.commits == 1


def test_a_consumer_that_asks_for_too_much_is_replaced() -> None:
    images, _ = lent(Group([]), images_per_s=0.1)
    images.most_records = 8
    with pytest.raises(ClientsBroken, match="8 at once are too many"):
        images.consume(1, 0.2)
