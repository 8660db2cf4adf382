"""How committed offsets are read and written when Kafka does not answer as it should."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from darkroom_inference.kafka.errors import ClientsBroken, Interrupted
from darkroom_inference.kafka.marks import CLEAN, Mark, decode
from darkroom_inference.kafka.offsets import Offsets
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import DrainTimedOut

if TYPE_CHECKING:
    from darkroom_inference.kafka.contact import Contact

SUSPECTS = Mark(suspects=3)
RETRIED = KafkaError.COORDINATOR_LOAD_IN_PROGRESS
UNKNOWN = KafkaError.INVALID_COMMIT_OFFSET_SIZE


class Group:
    """A consumer's group: answers with the errors that a test has it fail with, then in order."""

    def __init__(self, *failures: int | KafkaError) -> None:
        self.failures = [KafkaError(failure) if isinstance(failure, int) else failure for failure in failures]
        self.stored: dict[int, TopicPartition] = {}
        self.refused: int | None = None
        self.contact_lost = False
        self.now, self.seconds_left = 0.0, float("inf")
        self.metrics = Metrics()

    def commit(self, offsets: Sequence[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        assert not asynchronous
        self._fail()
        if self.refused is not None:
            return [_Refused(offset, KafkaError(self.refused)) for offset in offsets]
        self.stored |= {offset.partition: offset for offset in offsets}
        return list(offsets)

    def committed(self, partitions: Sequence[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        self._fail()
        return [self.stored.get(p.partition, TopicPartition(p.topic, p.partition, -1001)) for p in partitions]

    def require(self) -> None:
        """The contact is there unless a test has lost it."""
        if self.contact_lost:
            raise ClientsBroken("no broker")

    def pause(self, seconds: float) -> None:
        """Time that is waited passes at once."""
        self.now += seconds
        if self.now >= self.seconds_left:
            raise DrainTimedOut("no time left")

    def offsets(self, **extra: str) -> Offsets:
        consumer = cast("Consumer", self)
        contact = cast("Contact", self)
        return Offsets(consumer, contact, "images", self.pause, self.metrics, {0: extra}, clock=lambda: self.now)

    def _fail(self) -> None:
        if self.failures:
            raise KafkaException(self.failures.pop(0))


class _Refused(TopicPartition):
    """An answer with an error, which a TopicPartition can't be made with."""

    def __init__(self, wanted: TopicPartition, error: KafkaError) -> None:
        super().__init__(wanted.topic, wanted.partition, wanted.offset)
        self._problem = error

    @property
    def error(self) -> KafkaError:
        return self._problem


def test_offsets_and_marks_are_read_as_they_were_written() -> None:
    offsets = Group().offsets()
    offsets.commit({0: (7, SUSPECTS)})
    assert offsets.committed([0, 1]) == {0: (7, SUSPECTS), 1: (None, CLEAN)}


def test_every_commit_of_a_partition_carries_its_further_fields() -> None:
    group = Group()
    group.offsets(replay="again").commit({0: (7, SUSPECTS), 1: (8, CLEAN)})
    assert '"replay"' in (group.stored[0].metadata or "")
    assert '"replay"' not in (group.stored[1].metadata or "")
    assert decode(group.stored[0].metadata) == SUSPECTS


def test_errors_that_can_pass_are_waited_out_with_back_off() -> None:
    group = Group(*[RETRIED] * 200)
    group.offsets().commit({0: (7, CLEAN)})
    assert group.stored[0].offset == 7
    assert group.now > 30
    assert group.metrics.registry.get_sample_value("darkroom_worker_retries_total", {"cause": "offsets"}) == 200


def test_an_unknown_error_is_retried_for_half_a_minute() -> None:
    patient, over = Group(UNKNOWN, UNKNOWN), Group(*[UNKNOWN] * 1_000)
    patient.offsets().commit({0: (7, CLEAN)})
    assert patient.stored[0].offset == 7
    with pytest.raises(ClientsBroken):
        over.offsets().committed([0])
    assert 30 < over.now < 60


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (KafkaError.UNKNOWN_MEMBER_ID, Interrupted),
        (KafkaError.STALE_MEMBER_EPOCH, Interrupted),
        (KafkaError(KafkaError._FENCED, "fenced", True), ClientsBroken),
    ],
)
def test_who_is_no_member_repeats_its_work_and_a_client_that_failed_is_replaced(
    failure: int | KafkaError, raised: type[Exception]
) -> None:
    group = Group(failure)
    with pytest.raises(raised):
        group.offsets().commit({0: (7, CLEAN)})
    assert group.stored == {}


def test_a_refusal_in_the_answer_counts_as_one() -> None:
    group = Group()
    group.refused = KafkaError.ILLEGAL_GENERATION
    with pytest.raises(Interrupted):
        group.offsets().commit({0: (7, CLEAN)})


def test_what_is_being_revoked_is_committed_once_at_most() -> None:
    group = Group(RETRIED)
    group.offsets().commit_once({0: (7, CLEAN)})
    assert (group.stored, group.failures, group.now) == ({}, [], 0)


def test_a_worker_that_has_to_stop_does_not_wait_for_kafka() -> None:
    group = Group(RETRIED)
    group.seconds_left = 0
    with pytest.raises(DrainTimedOut):
        group.offsets().committed([0])


def test_a_client_that_has_lost_contact_is_replaced_instead_of_waiting() -> None:
    group = Group(RETRIED)
    group.contact_lost = True
    with pytest.raises(ClientsBroken):
        group.offsets().committed([0])
