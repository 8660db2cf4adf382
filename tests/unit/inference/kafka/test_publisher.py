"""The outcomes of records that a real producer is given. No broker is reached: librdkafka refuses them by itself."""

from typing import TYPE_CHECKING, cast

import pytest
from confluent_kafka import Producer

from darkroom_inference.kafka.errors import Interrupted
from darkroom_inference.kafka.publisher import Publisher
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import DrainTimedOut
from darkroom_inference.records.outgoing import Outgoing
from tests.support.until import until

if TYPE_CHECKING:
    from darkroom_inference.kafka.contact import Contact

LETTER = Outgoing("dead-letters", b"k", b"image", [])
RESULT = Outgoing("results", b"k", b"{}", [], fallback=lambda: LETTER)
LARGE = Outgoing("results", b"k", bytes(2_000), [], fallback=lambda: LETTER)


class Away:
    """A publisher whose broker is away for good."""

    def __init__(self, **settings: str | int) -> None:
        self.pauses = 0
        self.metrics = Metrics()
        named = {name.replace("_", "."): value for name, value in settings.items()}
        self.producer = Producer(
            {"bootstrap.servers": "127.0.0.1:1", "log_level": 0, "message.max.bytes": 1_000, **named}
        )
        self.publisher = Publisher(self.producer, cast("Contact", self), self.pause, self.metrics)

    def require(self) -> None:
        """It may come back."""

    def pause(self, _seconds: float) -> None:
        self.pauses += 1
        raise DrainTimedOut("no time left")


def test_nothing_to_publish_is_not_waited_for() -> None:
    assert Away().publisher.wait() == []


def test_a_record_that_is_too_large_is_answered_once_if_there_is_another_to_publish_in_its_place() -> None:
    away = Away()
    away.publisher.publish(LARGE)
    assert away.publisher.wait() == [LARGE]
    assert away.publisher.wait() == []
    errors = away.metrics.registry.get_sample_value
    assert errors("darkroom_worker_kafka_errors_total", {"error": "MSG_SIZE_TOO_LARGE"}) == 1


def test_a_record_that_is_too_large_and_has_no_substitute_interrupts_the_batch_once() -> None:
    away = Away()
    away.publisher.publish(Outgoing("dead-letters", b"k", bytes(2_000), []))
    with pytest.raises(Interrupted, match="too large"):
        away.publisher.wait()
    assert away.publisher.wait() == []


def test_a_record_that_could_not_be_published_interrupts_the_batch_once() -> None:
    away = Away()
    away.publisher.publish(RESULT)
    away.producer.purge()
    with pytest.raises(Interrupted):
        away.publisher.wait()
    assert away.publisher.wait() == []


def test_a_full_queue_and_an_absent_broker_are_waited_for_as_long_as_there_is_time() -> None:
    away = Away(queue_buffering_max_messages=1)
    away.publisher.publish(RESULT)
    with pytest.raises(DrainTimedOut):
        away.publisher.publish(RESULT)
    with pytest.raises(DrainTimedOut):
        away.publisher.wait()
    assert away.pauses == 2
    away.publisher.forget()


def test_what_is_forgotten_is_neither_sent_nor_answered() -> None:
    away = Away()
    away.publisher.publish(LARGE)
    away.publisher.publish(RESULT)
    away.publisher.forget()
    assert away.publisher.wait() == []


def test_records_are_in_flight_until_their_outcome_is_known() -> None:
    away = Away()
    assert away.publisher.in_flight() == 0
    away.publisher.publish(RESULT)
    assert away.publisher.in_flight() == 1
    away.producer.purge()
    until(lambda: away.publisher.in_flight() == 0, "the purge, which is also done by the client's threads")
