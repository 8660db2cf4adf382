"""Detects clients that have lost all brokers although Kafka is available.

A starting broker may respond to a metadata request with an empty list of brokers. librdkafka then drops all known
brokers and, in some orders of events, never returns to the bootstrap servers (librdkafka issue 5301). Such a client
stays without a connection until it is replaced.
"""

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.kafka.connection import ClientSettings


class Client(Protocol):
    """A client that is able to query Kafka's topics."""

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """The topics, or one topic. Raises KafkaException if no broker responds."""


_EVERY_S: Final = 15.0
_ANSWER_S: Final = 2.0
_SAME_OUTAGE_S: Final = 60.0
_ANY_TOPIC: Final = "__consumer_offsets"
"""Kafka responds to a query for one topic even if it does not exist or may not be described."""


class StrandedCheck:
    """Checks whether a client is stranded. Not thread-safe.

    Args:
        settings: settings of a new client of the same Kafka, which every check creates.
        clock: returns the time in seconds.

    Attributes:
        is_suspected: whether all brokers were reported as down since the client's last successful check.
    """

    def __init__(self, settings: ClientSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._checked_at = clock()
        self._unanswered_before = False
        self.is_suspected = False

    def on_error(self, error: KafkaError) -> None:
        """Take an error into account that librdkafka passes to the client's `error_cb`."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - it has no other name
            self.is_suspected = True

    def is_stranded(self, client: Client) -> bool:
        """Whether `client` got no response from Kafka while a new client did, in two consecutive checks.

        One check is not enough: a client in its reconnect back-off is late when Kafka comes back. Checks at most every
        15 s, and blocks for up to 4 s. Returns False without a check in between.
        """
        since_s = self._clock() - self._checked_at
        if since_s < _EVERY_S:
            return False
        self._checked_at = self._clock()
        self._unanswered_before &= since_s < _SAME_OUTAGE_S
        if _is_answered(client):
            self.is_suspected = self._unanswered_before = False
            return False
        before, self._unanswered_before = self._unanswered_before, _is_answered(AdminClient(self._settings))
        return before and self._unanswered_before


def _is_answered(client: Client) -> bool:
    try:
        client.list_topics(_ANY_TOPIC, timeout=_ANSWER_S)
    except KafkaException:
        return False
    return True
