"""The protocol of marks, simulated with images, crashes and owners."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from darkroom_inference.kafka.marks import (
    CLEAN,
    Mark,
    decode,
    encode,
    failed,
    failed_in_batch,
    given_back,
    held,
    passed,
    survived,
    taken_over,
    trying,
    verdict,
)

BATCH = 4
MAX_ATTEMPTS = 3

marks = st.one_of(
    st.just(CLEAN),
    st.builds(held, st.integers(1, 1000)),
    st.builds(lambda suspects: Mark(suspects=suspects), st.integers(1, 1000)),
    st.builds(
        lambda suspects, attempts, in_hand: Mark(suspects=suspects, attempts=attempts, in_hand=in_hand),
        st.integers(1, 1000),
        st.integers(1, 100),
        st.booleans(),
    ),
)


@given(marks)
def test_a_mark_survives_the_metadata_of_a_commit(mark: Mark) -> None:
    assert decode(encode(mark)) == mark


@given(st.one_of(st.none(), st.text(), st.just('{"darkroom": 5}'), st.just("[1]"), st.just('{"darkroom": "suspects"}')))
def test_foreign_metadata_is_clean(metadata: str | None) -> None:
    assert decode(metadata) == CLEAN


def test_attempts_at_a_removed_record_are_dropped() -> None:
    found = Mark(suspects=5, attempts=2, in_hand=True)
    assert taken_over(found, same_record=False, batch=BATCH) == Mark(suspects=5)


def test_no_more_records_become_suspects_than_a_batch_held() -> None:
    assert taken_over(held(1), same_record=True, batch=64) == Mark(suspects=1)
    assert taken_over(decode(encode(held(7))), same_record=True, batch=64) == Mark(suspects=7)
    # Versions that wrote no batch took up to 64 records at once.
    assert taken_over(decode('{"darkroom": "held"}'), same_record=True, batch=1) == Mark(suspects=64)


def test_giving_a_partition_back_counts_as_no_attempt() -> None:
    for mark in (held(8), Mark(suspects=3), failed(trying(Mark(suspects=3)))):
        assert given_back(mark).attempts == mark.attempts
        assert not given_back(mark).in_hand
    assert given_back(held(8)) == CLEAN


def test_a_mark_of_a_crash_is_passed_on_to_the_next_owner() -> None:
    found = Mark(suspects=3, attempts=2, in_hand=True)
    assert given_back(found) == found


@dataclass
class Partition:
    """The state of a partition in the group's coordinator and the topics."""

    images: list[str]
    committed: int = 0
    metadata: str = ""
    answers: dict[int, list[str]] = field(default_factory=dict)


class Worlds(RuleBasedStateMachine):
    """Owners one after the other, each ended by an image, from outside, or gracefully.

    Images are `good`, `poison` (ends the process), `raises` (an exception each time) and `shaky` (one, then none).
    """

    @initialize(images=st.lists(st.sampled_from(["good", "good", "good", "poison", "raises", "shaky"]), max_size=14))
    def begin(self, images: list[str]) -> None:
        self.partition = Partition(images)
        self.deaths: dict[int, int] = {}
        self.killed_alone: dict[int, int] = {}
        self.shaken: set[int] = set()

    @rule(steps=st.integers(0, 30))
    def an_owner_works_until_it_is_killed_from_outside(self, steps: int) -> None:
        self._own(steps, in_order=False)

    @rule(steps=st.integers(0, 30))
    def an_owner_works_and_gives_the_partition_back(self, steps: int) -> None:
        self._own(steps, in_order=True)

    @precondition(lambda self: self.partition.committed < len(self.partition.images))
    @rule()
    def owners_follow_each_other_until_all_is_done(self) -> None:
        for _ in range(10 * (MAX_ATTEMPTS + 2) * (len(self.partition.images) + 1)):
            if self.partition.committed == len(self.partition.images):
                break
            self._own(10_000, in_order=False)
        assert self.partition.committed == len(self.partition.images), "the partition is stuck"

    @invariant()
    def nothing_is_committed_without_an_answer(self) -> None:
        for offset in range(self.partition.committed):
            assert self.partition.answers.get(offset), offset

    @invariant()
    def only_the_image_at_fault_is_set_aside(self) -> None:
        for offset, answers in self.partition.answers.items():
            image = self.partition.images[offset]
            failures = self.killed_alone.get(offset, 0) + (image == "shaky")
            if image in {"good", "shaky"} and failures < MAX_ATTEMPTS:
                assert set(answers) == {"result"}
            if image == "raises":
                assert set(answers) <= {"InferenceError", "PoisonImage"}
            if image == "poison":
                assert set(answers) == {"PoisonImage"}

    @invariant()
    def an_image_ends_few_processes(self) -> None:
        images = self.partition.images
        for offset, deaths in self.deaths.items():
            # Alone at most maxAttempts times; in a batch once, and once more for every other end that made the suspects
            # be counted again.
            assert deaths <= MAX_ATTEMPTS + 1 + sum(image != "good" for image in images), offset

    def _own(self, steps: int, *, in_order: bool) -> None:
        """An owner of the partition, for `steps` of what could be interrupted."""
        part = self.partition
        position = part.committed
        if position == len(part.images):
            return
        mark = taken_over(decode(part.metadata), same_record=True, batch=BATCH)
        if mark.held:
            part.metadata = encode(mark)
        while position < len(part.images) and steps > 0:
            after = self._suspect(position, mark, steps) if mark.suspects else self._batch(position)
            if after is None:
                return
            steps -= 3 if mark.suspects else 1
            position, mark = after
            part.committed, part.metadata = position, encode(mark)
        if in_order:
            part.metadata = encode(given_back(mark))

    def _batch(self, position: int) -> tuple[int, Mark] | None:
        """Where the owner stands after a batch; None if the process ended."""
        part = self.partition
        for offset in range(position, min(position + BATCH, len(part.images))):
            image = part.images[offset]
            if image == "poison":
                self.deaths[offset] = self.deaths.get(offset, 0) + 1
                return None
            if self._raises(offset):
                return offset, failed_in_batch()
            part.answers.setdefault(offset, []).append("result")
            position = offset + 1
        return position, held(BATCH)

    def _suspect(self, position: int, mark: Mark, steps: int) -> tuple[int, Mark] | None:
        """Where the owner stands after a suspect; None if the process ended."""
        outcome = self._alone(position, mark, steps)
        if outcome is None:
            return None
        mark, answer = outcome
        if answer is None:
            return position, mark
        self.partition.answers.setdefault(position, []).append(answer)
        return position + 1, passed(mark, BATCH)

    def _raises(self, offset: int) -> bool:
        image = self.partition.images[offset]
        raises = image == "raises" or (image == "shaky" and offset not in self.shaken)
        self.shaken.add(offset)
        return raises

    def _alone(self, offset: int, mark: Mark, steps: int) -> tuple[Mark, str | None] | None:
        """The mark after a suspect, and its answer if there is one; None if the process ended."""
        part = self.partition
        if reason := verdict(mark, MAX_ATTEMPTS):
            return mark, reason
        mark = trying(mark)
        part.metadata = encode(mark)
        if part.images[offset] == "poison":
            self.deaths[offset] = self.deaths.get(offset, 0) + 1
            return None
        if steps == 1:
            self.killed_alone[offset] = self.killed_alone.get(offset, 0) + 1
            return None
        if self._raises(offset):
            mark = failed(mark)
            part.metadata = encode(mark)
            return mark, None
        mark = survived(mark)
        part.metadata = encode(mark)
        return None if steps == 2 else (mark, "result")


TestTheProtocol = Worlds.TestCase
TestTheProtocol.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)


def test_a_poison_image_alone_in_its_topic_ends_four_processes_with_three_attempts() -> None:
    """Once in a batch, where the image can't be identified, and three times alone."""
    world = Worlds()
    world.begin(["poison"])
    world.owners_follow_each_other_until_all_is_done()
    assert world.deaths == {0: 4}
    assert world.partition.answers == {0: ["PoisonImage"]}


def test_repeated_kills_make_no_good_image_a_dead_letter() -> None:
    world = Worlds()
    world.begin(["good"] * 12)
    for _ in range(200):
        world.an_owner_works_until_it_is_killed_from_outside(0)
        world.an_owner_works_until_it_is_killed_from_outside(2)
    world.owners_follow_each_other_until_all_is_done()
    assert all(set(answers) == {"result"} for answers in world.partition.answers.values())
