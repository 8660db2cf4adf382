"""Errors of Kafka: our own, and what an error of its client means, whichever way it was told."""

from confluent_kafka import KafkaError

from darkroom.errors import DarkroomError


class KafkaUnreachable(DarkroomError):
    """No broker answered in time."""


def is_fatal(error: KafkaError) -> bool:
    """Whether the client that told it can't go on, so that a new one is needed.

    What `poll` and `flush` of a producer raise says so itself. What comes with a message, or is raised by `produce`,
    does not: it has librdkafka's code for it.
    """
    return error.fatal() or error.code() == KafkaError._FATAL  # noqa: SLF001 - its public name
