"""Kafka errors: exceptions, and the classification of librdkafka's errors."""

from confluent_kafka import KafkaError

from darkroom.errors import DarkroomError


class KafkaUnreachable(DarkroomError):
    """No broker responded in time."""


def is_fatal(error: KafkaError) -> bool:
    """Whether the client can't continue after `error` and must be replaced.

    Errors that a producer's `poll` and `flush` raise have the fatal flag. Errors in messages, and those that `produce`
    raises, have only librdkafka's code for it.
    """
    return error.fatal() or error.code() == KafkaError._FATAL  # noqa: SLF001 - it has no other name
