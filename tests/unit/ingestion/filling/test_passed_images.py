"""Which images are stored as they were passed, and which are read from Kafka."""

from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.filling.passed_images import PassedImages
from darkroom_ingestion.records.answers import ReceivedImage

AT = TopicPartition("demo.digits.images", 0)


def image(offset: int, partition: int = 0) -> ReceivedImage:
    return ReceivedImage("demo/digits", f"id-{offset}", None, 0, AT.topic, partition, offset, "image/jpeg", 1)


def offsets(images: list[ReceivedImage]) -> list[int]:
    return [passed.offset for passed in images]


@dataclass
class Reader:
    """Reads one partition: what is passed, or else what the log has."""

    passed: PassedImages = field(default_factory=PassedImages)
    position: int = 0
    now_s: float = 0.0
    is_fetched: bool = True
    changes: int = 0
    stored: list[int] = field(default_factory=list)

    def turn(self, after_s: float = 0.1) -> None:
        self.now_s += after_s
        turn = self.passed.turn({AT: self.position}, self.now_s)
        if AT in turn.pause:
            assert self.is_fetched
            self.is_fetched = False
            self.changes += 1
        if AT in turn.images:
            assert not self.is_fetched
            self._store(offsets(turn.images[AT]))
        if AT in turn.fetch:
            assert not self.is_fetched
            self.is_fetched = True
        assert self.passed.is_passed(AT) is not self.is_fetched

    def fetch(self, end: int) -> None:
        if self.is_fetched:
            self._store(list(range(self.position, end)))

    def _store(self, new: list[int]) -> None:
        self.stored += new
        self.position = self.stored[-1] + 1 if self.stored else 0

    def passes(self, *new: int) -> None:
        self.passed.add([image(offset) for offset in new], self.now_s)


def busy() -> Reader:
    """A reader of a partition that is not fetched, because 10 images were passed."""
    reader = Reader()
    reader.passes(*range(10))
    reader.turn()
    assert not reader.is_fetched
    assert reader.stored == list(range(10))
    return reader


def test_a_partition_with_few_passed_images_is_fetched() -> None:
    reader = Reader()
    for offset in range(0, 40, 4):
        reader.passes(*range(offset, offset + 4))
        reader.turn(1.0)
        assert reader.is_fetched
        assert reader.position == offset
        reader.fetch(offset + 4)


def test_images_that_are_passed_out_of_order_are_stored_in_order() -> None:
    reader = busy()
    reader.passes(12, 11)
    reader.turn()
    assert reader.position == 10
    reader.passes(10, 13)
    reader.turn()
    assert reader.stored == list(range(14))
    assert not reader.is_fetched


def test_images_that_were_fetched_before_they_were_passed_are_forgotten() -> None:
    reader = Reader()
    reader.fetch(8)
    reader.passes(*range(6, 12))
    reader.turn()
    assert reader.stored == list(range(12))


def test_a_gap_that_lasts_is_fetched() -> None:
    reader = busy()
    reader.passes(11, 12, 13)
    for _ in range(3):
        reader.turn()
        assert not reader.is_fetched
    reader.turn()
    assert reader.is_fetched
    reader.fetch(14)
    assert reader.stored == list(range(14))


def test_a_partition_behind_a_backlog_is_fetched_until_it_has_caught_up() -> None:
    reader = Reader()
    reader.passes(*range(1_000, 1_010))
    reader.turn()
    assert reader.is_fetched
    reader.fetch(1_000)
    reader.turn()
    assert not reader.is_fetched
    assert reader.position == 1_010


def test_a_partition_of_which_nothing_is_passed_for_a_second_is_fetched() -> None:
    reader = busy()
    reader.turn(0.8)
    assert not reader.is_fetched
    reader.turn(0.2)
    assert reader.is_fetched
    reader.turn()
    assert not reader.passed.expects_more


def test_images_before_the_position_do_not_keep_a_partition_from_being_fetched() -> None:
    """A topic that was recreated begins at 0 again, which only a fetch notices."""
    reader = Reader(position=500)
    fetched_s = 0.0
    for start in range(0, 400, 2):
        reader.passes(start, start + 1)
        reader.turn()
        fetched_s += reader.is_fetched * 0.1
    assert reader.changes <= 5
    assert fetched_s > 10
    assert reader.position == 500


def test_a_partition_that_others_write_to_is_rarely_tried() -> None:
    reader = Reader()
    for start in range(0, 6_000, 10):
        reader.passes(*range(start, start + 9))
        reader.turn()
        reader.fetch(start + 10)
    assert 3 <= reader.changes <= 12
    assert reader.position >= 5_000


def test_what_exceeds_the_limit_is_dropped() -> None:
    reader = Reader()
    reader.passes(*range(1, 30_000))
    reader.fetch(25_000)
    reader.turn()
    assert reader.is_fetched or reader.position == 25_000
    reader.passes(*range(25_000, 25_010))
    reader.turn()
    assert reader.position == 25_010


def test_images_of_partitions_that_others_read_are_forgotten() -> None:
    passed = PassedImages()
    passed.add([image(offset, partition=1) for offset in range(10)], 0.0)
    assert not passed.turn({AT: 0}, 0.1).images
    assert not passed.expects_more


@settings(max_examples=50)
@given(
    ours=st.lists(st.booleans(), min_size=1, max_size=60),
    random=st.randoms(use_true_random=False),
    turns=st.lists(st.sampled_from([0.1, 0.1, 0.1, 0.4, 1.5]), min_size=1, max_size=20),
    lost=st.floats(0, 0.5),
)
def test_every_offset_is_stored_once_and_in_order(
    ours: list[bool], random: Random, turns: list[float], lost: float
) -> None:
    reader, end, waiting = Reader(), 0, list[int]()
    for after_s in turns:
        grown = min(len(ours), end + random.randrange(0, 15))
        waiting += [offset for offset in range(end, grown) if ours[offset] and random.random() >= lost]
        end = grown
        random.shuffle(waiting)
        kept = random.randrange(0, len(waiting) + 1)
        reader.passes(*waiting[kept:])
        del waiting[kept:]
        if random.random() < 0.7:
            reader.fetch(random.randint(reader.position, end))
        reader.turn(after_s)
        assert reader.position <= end
    for _ in range(12):
        reader.fetch(end)
        reader.turn()
    reader.fetch(end)
    assert reader.stored == list(range(end))
