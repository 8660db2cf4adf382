"""What a consumer within the ranges of a replay returns, and what it holds back."""

from typing import TYPE_CHECKING, cast

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from darkroom_inference.bounded.source import BoundedSource
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.loop.assignment import Assignment

if TYPE_CHECKING:
    from darkroom_inference.bounded.rate import TokenReader
    from darkroom_inference.kafka.offsets import Offsets

TOPIC = "demo.digits.images"


class ScriptedConsumer:
    """Returns the messages that a test gives it; remembers what it was asked to pause, resume and seek."""

    def __init__(self) -> None:
        self.messages: list[Message | None] = []
        self.calls: list[tuple[str, int]] = []

    def poll(self, _timeout: float) -> Message | None:
        return self.messages.pop(0) if self.messages else None

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.calls += [("pause", partition.partition) for partition in partitions]

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.calls += [("resume", partition.partition) for partition in partitions]

    def seek(self, position: TopicPartition) -> None:
        self.calls.append(("seek", position.offset))


class ScriptedTokens:
    """Tokens that a test hands out."""

    def __init__(self) -> None:
        self.left = 0

    def take(self, _timeout_s: float) -> bool:
        self.left -= 1
        return self.left >= 0


class Replayed:
    """A source for the ranges that end at offset 3 in partition 0 and at 5 in partition 1."""

    def __init__(self, tokens: ScriptedTokens | None = None) -> None:
        self.consumer = ScriptedConsumer()
        self.assignment = Assignment(LoopState(0), cast("Offsets", None), Metrics())
        self.assign(0, 1)
        self.assignment.touched.clear()
        self.source = BoundedSource(
            cast("Consumer", self.consumer), TOPIC, {0: 3, 1: 5}, self.assignment, cast("TokenReader | None", tokens)
        )

    def assign(self, *partitions: int) -> None:
        self.assignment.on_assign(cast("Consumer", None), [TopicPartition(TOPIC, number) for number in partitions])

    def poll(self, *messages: Message | None) -> list[tuple[int | None, int | None] | None]:
        """Partition and offset of what is returned for each message of the consumer."""
        self.consumer.messages += messages
        found = [self.source.poll(0) for _ in messages]
        return [None if message is None else (message.partition(), message.offset()) for message in found]


def image(partition: int, offset: int) -> Message:
    return Message(topic=TOPIC, partition=partition, offset=offset, value=b"image")


def end_of_log(partition: int, offset: int) -> Message:
    error = KafkaError(KafkaError._PARTITION_EOF)
    return Message(topic=TOPIC, partition=partition, offset=offset, error=error)


def test_nothing_from_the_end_of_a_range_on_is_returned_or_fetched() -> None:
    replay = Replayed()
    assert replay.poll(image(0, 2), image(0, 3), image(1, 4), None) == [(0, 2), None, (1, 4), None]
    assert replay.source.reached == {0}
    assert replay.consumer.calls == [("pause", 0)]


def test_the_end_of_the_log_ends_a_range_whose_last_offsets_hold_no_record() -> None:
    replay = Replayed()
    assert replay.poll(image(0, 1), end_of_log(0, 3)) == [(0, 1), None]
    assert replay.source.reached == {0}


def test_the_end_of_the_log_before_that_of_the_range_is_waited_past() -> None:
    """A transaction that is still open hides the records after it."""
    replay = Replayed()
    assert replay.poll(end_of_log(0, 1), image(0, 1)) == [None, (0, 1)]
    assert replay.source.reached == set()


def test_a_partition_outside_the_plan_has_an_empty_range() -> None:
    replay = Replayed()
    replay.assign(7)
    assert replay.poll(image(7, 0)) == [None]
    assert replay.source.reached == {7}


def test_errors_are_passed_on() -> None:
    replay = Replayed()
    replay.consumer.messages = [Message(error=KafkaError(KafkaError._ALL_BROKERS_DOWN))]
    found = replay.source.poll(0)
    assert found is not None
    error = found.error()
    assert error is not None
    assert error.code() == KafkaError._ALL_BROKERS_DOWN


def test_an_image_waits_for_its_token_and_nothing_is_polled_meanwhile() -> None:
    tokens = ScriptedTokens()
    replay = Replayed(tokens)
    assert replay.poll(image(0, 0), image(0, 1)) == [None, None]
    assert len(replay.consumer.messages) == 1
    tokens.left = 2
    assert replay.poll(None) == [(0, 0)]
    assert replay.poll(None) == [(0, 1)]


def test_an_image_that_waits_is_read_again_where_its_partition_is() -> None:
    tokens = ScriptedTokens()
    replay = Replayed(tokens)
    assert replay.poll(image(0, 1)) == [None]
    replay.source.seek(TopicPartition(TOPIC, 0, 0))
    tokens.left = 1
    assert replay.poll(image(0, 0)) == [(0, 0)]
    assert replay.consumer.calls == [("seek", 0)]


def test_a_range_that_was_returned_can_be_read_again() -> None:
    replay = Replayed()
    replay.poll(image(0, 2), image(0, 3))
    replay.source.seek(TopicPartition(TOPIC, 0, 2))
    assert replay.source.reached == set()
    assert replay.consumer.calls == [("pause", 0), ("resume", 0), ("seek", 2)]
    assert replay.poll(image(0, 2)) == [(0, 2)]


def test_a_partition_that_went_and_came_back_is_read_from_what_was_committed() -> None:
    replay = Replayed()
    replay.poll(image(0, 3), image(1, 5))
    replay.assignment.on_lost(cast("Consumer", None), [TopicPartition(TOPIC, 0)])
    assert replay.poll(None) == [None]
    assert replay.source.reached == {1}
    replay.assign(0)
    assert replay.poll(image(0, 2)) == [(0, 2)]
