"""What the two delivery guarantees do with refused records, and with calls that fail."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from darkroom_inference.kafka.delivery import AtLeastOnce, ExactlyOnce
from darkroom_inference.kafka.errors import ClientsBroken, Interrupted
from darkroom_inference.kafka.marks import CLEAN
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.records.outgoing import Outgoing
from tests.support.clock import Clock

if TYPE_CHECKING:
    from darkroom_inference.kafka.contact import Contact
    from darkroom_inference.kafka.publisher import Publisher

POSITIONS = {0: (7, CLEAN)}
LETTER = Outgoing("dead-letters", b"k", b"image", [], reason="ResultTooLarge")
FIRST, LAST = Outgoing("results", b"k", b"1", []), Outgoing("results", b"k", b"3", [])
REFUSED = Outgoing("results", b"k", b"2", [], fallback=lambda: LETTER)


def kafka_error(code: int, *, retriable: bool = False, abort: bool = False) -> KafkaException:
    return KafkaException(KafkaError(code, "it says why", False, retriable, abort))


RETRY = kafka_error(KafkaError._TIMED_OUT, retriable=True)
ABORT = kafka_error(KafkaError.STALE_MEMBER_EPOCH, abort=True)
FENCED = kafka_error(KafkaError._FENCED)


class Kafka:
    """Publisher, offsets and producer in one: keeps the order of the calls, and fails where a test wants it to.

    `failures` holds errors by the name of a call, raised once each; `refused` what the results topic is too small for.
    """

    def __init__(self, **failures: list[Exception]) -> None:
        self.failures = failures
        self.refused: list[Outgoing] = []
        self.calls: list[str] = []
        self.sent: list[Outgoing] = []
        self.flying = 0
        self.committed: list[Positions] = []
        self.pauses = 0

    def publish(self, outgoing: Outgoing) -> None:
        self.sent.append(outgoing)

    def in_flight(self) -> int:
        return self.flying

    def wait(self) -> list[Outgoing]:
        self._called("wait")
        self.flying = 0
        refused = [outgoing for outgoing in self.sent if outgoing in self.refused]
        self.sent = [outgoing for outgoing in self.sent if outgoing not in self.refused]
        return refused

    def forget(self) -> None:
        self.sent.clear()

    def commit(self, positions: Positions) -> None:
        self._called("commit")
        self.committed.append(positions)

    def as_topic_partitions(self, positions: Positions) -> list[TopicPartition]:
        return [TopicPartition("images", partition, offset) for partition, (offset, _) in positions.items()]

    def consumer_group_metadata(self) -> str:
        return "membership"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Calls of the producer for its transactions."""
        return lambda *_arguments: self._called(name)

    def pause(self, _seconds: float) -> None:
        self.pauses += 1

    def require(self) -> None:
        """The contact is never lost."""

    def at_least_once(self, clock: Callable[[], float] = time.monotonic) -> AtLeastOnce:
        return AtLeastOnce(cast("Publisher", self), cast("Offsets", self), clock)

    def exactly_once(self) -> ExactlyOnce:
        return ExactlyOnce(
            cast("Producer", self),
            cast("Publisher", self),
            cast("Contact", self),
            cast("Consumer", self),
            cast("Offsets", self),
            self.pause,
            Metrics(),
        )

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if errors := self.failures.get(name):
            raise errors.pop(0)


def test_at_least_once_commits_after_the_acknowledgements() -> None:
    kafka = Kafka()
    delivery = kafka.at_least_once()
    for outgoing in (FIRST, LAST):
        delivery.publish(outgoing)
    assert delivery.settle(POSITIONS) == [FIRST, LAST]
    assert kafka.sent == [FIRST, LAST]
    assert kafka.calls == ["wait", "commit"]
    assert delivery.settle(POSITIONS) == []


def test_at_least_once_waits_for_the_acknowledgements_without_a_commit() -> None:
    kafka = Kafka()
    delivery = kafka.at_least_once()
    delivery.publish(FIRST)
    assert delivery.settle({}) == [FIRST]
    assert kafka.calls == ["wait"]


def test_at_least_once_sends_what_is_ready_while_the_batch_is_processed_and_in_order() -> None:
    kafka, clock = Kafka(), Clock(100.0)
    delivery = kafka.at_least_once(clock)
    delivery.publish(FIRST)
    assert kafka.sent == []
    delivery.send()
    assert kafka.sent == [FIRST]
    clock.now += 0.001
    delivery.publish(REFUSED)
    delivery.send()
    assert kafka.sent == [FIRST]
    clock.now += 0.005
    delivery.publish(LAST)
    delivery.send()
    assert kafka.sent == [FIRST, REFUSED, LAST]
    delivery.publish(LETTER)
    delivery.forget()
    assert delivery.settle(POSITIONS) == []
    assert LETTER not in kafka.sent


def test_at_least_once_sends_nothing_while_records_are_in_flight() -> None:
    kafka, clock = Kafka(), Clock(100.0)
    delivery = kafka.at_least_once(clock)
    delivery.publish(FIRST)
    delivery.send()
    kafka.flying = 1
    clock.now += 1
    delivery.publish(REFUSED)
    delivery.send()
    assert kafka.sent == [FIRST]
    kafka.flying = 0
    clock.now += 1
    delivery.publish(LAST)
    delivery.send()
    assert kafka.sent == [FIRST, REFUSED, LAST]
    kafka.flying = 2
    delivery.publish(LETTER)
    assert delivery.settle(POSITIONS) == [FIRST, REFUSED, LAST, LETTER]
    assert kafka.calls == ["wait", "wait", "commit"]


def test_at_least_once_does_not_commit_if_records_in_flight_at_the_end_of_the_batch_fail() -> None:
    kafka, clock = Kafka(wait=[Interrupted("not published")]), Clock(100.0)
    delivery = kafka.at_least_once(clock)
    delivery.publish(FIRST)
    delivery.send()
    kafka.flying = 1
    delivery.publish(LAST)
    with pytest.raises(Interrupted, match="not published"):
        delivery.settle(POSITIONS)
    assert (kafka.sent, kafka.committed) == ([FIRST], [])


@pytest.mark.parametrize("guarantee", [Kafka.at_least_once, Kafka.exactly_once])
def test_a_result_that_its_topic_refuses_becomes_a_dead_letter_in_its_place(
    guarantee: Callable[[Kafka], AtLeastOnce | ExactlyOnce],
) -> None:
    kafka = Kafka()
    kafka.refused = [REFUSED]
    delivery = guarantee(kafka)
    for outgoing in (FIRST, REFUSED, LAST):
        delivery.publish(outgoing)
    assert delivery.settle(POSITIONS) == [FIRST, LETTER, LAST]
    assert LETTER in kafka.sent
    assert REFUSED not in kafka.sent


@pytest.mark.parametrize("guarantee", [Kafka.at_least_once, Kafka.exactly_once])
def test_a_dead_letter_that_its_topic_refuses_interrupts_the_batch(
    guarantee: Callable[[Kafka], AtLeastOnce | ExactlyOnce],
) -> None:
    kafka = Kafka()
    kafka.refused = [LETTER]
    delivery = guarantee(kafka)
    delivery.publish(LETTER)
    with pytest.raises(Interrupted, match="dead-letters is too small"):
        delivery.settle(POSITIONS)
    assert kafka.committed == []


def test_at_least_once_does_not_repeat_what_is_published_because_a_commit_failed() -> None:
    kafka = Kafka(commit=[Interrupted("no member")])
    delivery = kafka.at_least_once()
    delivery.publish(FIRST)
    assert delivery.settle(POSITIONS) == [FIRST]
    delivery.publish(LAST)
    assert delivery.settle(POSITIONS) == [LAST]
    assert kafka.committed == [POSITIONS]


def test_exactly_once_opens_a_transaction_only_to_publish_and_commit() -> None:
    kafka = Kafka()
    delivery = kafka.exactly_once()
    delivery.publish(FIRST)
    assert (kafka.calls, kafka.sent) == ([], [])
    assert delivery.settle(POSITIONS) == [FIRST]
    assert kafka.calls == ["begin_transaction", "wait", "send_offsets_to_transaction", "commit_transaction"]
    assert kafka.sent == [FIRST]


@pytest.mark.parametrize("call", ["begin_transaction", "send_offsets_to_transaction", "commit_transaction"])
def test_a_call_that_can_be_repeated_is_repeated_until_it_is_certain_how_it_ended(call: str) -> None:
    kafka = Kafka(**{call: [RETRY] * 3})
    delivery = kafka.exactly_once()
    delivery.publish(FIRST)
    assert delivery.settle(POSITIONS) == [FIRST]
    assert (kafka.calls.count(call), kafka.pauses) == (4, 3)
    assert "abort_transaction" not in kafka.calls


@pytest.mark.parametrize("call", ["send_offsets_to_transaction", "commit_transaction"])
def test_a_transaction_that_failed_is_aborted_and_its_records_are_kept_for_the_next_one(call: str) -> None:
    kafka = Kafka(**{call: [ABORT], "abort_transaction": [RETRY]})
    delivery = kafka.exactly_once()
    delivery.publish(FIRST)
    with pytest.raises(Interrupted, match="it says why"):
        delivery.settle(POSITIONS)
    assert kafka.calls[-2:] == ["abort_transaction", "abort_transaction"]
    assert kafka.sent == []
    assert delivery.settle(POSITIONS) == [FIRST]
    assert kafka.sent == [FIRST]


def test_a_record_that_could_not_be_published_aborts_its_transaction() -> None:
    kafka = Kafka(wait=[Interrupted("not published")])
    delivery = kafka.exactly_once()
    delivery.publish(FIRST)
    with pytest.raises(Interrupted, match="not published"):
        delivery.settle(POSITIONS)
    assert kafka.calls == ["begin_transaction", "wait", "abort_transaction"]


@pytest.mark.parametrize("call", ["init_transactions", "begin_transaction", "commit_transaction", "abort_transaction"])
def test_a_producer_that_is_fenced_is_replaced(call: str) -> None:
    kafka = Kafka(**{call: [FENCED]} | ({"commit_transaction": [ABORT]} if call == "abort_transaction" else {}))
    delivery = kafka.exactly_once()

    def prepared_and_settled() -> None:
        delivery.prepare()
        delivery.settle(POSITIONS)

    with pytest.raises(ClientsBroken, match="it says why"):
        prepared_and_settled()


def test_what_was_kept_can_be_forgotten() -> None:
    kafka = Kafka()
    delivery = kafka.exactly_once()
    delivery.publish(FIRST)
    delivery.forget()
    assert delivery.settle(POSITIONS) == []
    assert kafka.sent == []
