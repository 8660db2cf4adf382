"""Calls of the client library in a separate thread."""

import threading

import pytest
from confluent_kafka import KafkaError, KafkaException

from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.kafka.threaded_call import within


def test_a_call_of_the_client_library_that_hangs_is_left_behind() -> None:
    never = threading.Event()
    with pytest.raises(ClientsBroken, match="could not send offsets within 0 s"):
        within(0.05, "send offsets", never.wait)
    never.set()


def test_a_call_of_the_client_library_returns_or_raises_as_ever() -> None:
    def fails() -> None:
        raise KafkaException(KafkaError(KafkaError.ILLEGAL_GENERATION))

    def breaks() -> None:
        raise ValueError("no such partition")

    assert within(5, "answer", lambda: 42) == 42
    with pytest.raises(ValueError, match="no such partition"):
        within(5, "break", breaks)
    with pytest.raises(KafkaException, match="ILLEGAL_GENERATION"):
        within(5, "fail", fails)
