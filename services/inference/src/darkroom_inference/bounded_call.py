"""A call of the client library that keeps to its time, even where the library doesn't."""

import threading
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaException

from darkroom_inference.kafka_errors import ClientsBroken

T = TypeVar("T")


def within(seconds: float, what: str, call: Callable[[], T]) -> T:
    """What `call` returns or raises, from a thread of its own.

    librdkafka's send_offsets_to_transaction() may ignore its timeout and never return when the group's coordinator went
    away (librdkafka issues 5456 and 5511). Such a thread is left behind with its producer; what it may still send for
    its transaction is fenced.

    Raises:
        ClientsBroken: the call has not returned in time.
    """
    results: list[T] = []
    errors: list[KafkaException] = []

    def run() -> None:
        try:
            results.append(call())
        except KafkaException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=f"to {what}", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise ClientsBroken(f"the client library hangs: could not {what} within {seconds:.0f} s")
    return results[0]
