"""Clients that librdkafka has left without a broker although Kafka answers.

A broker that starts may answer a metadata request with an empty list of brokers. librdkafka then drops all the brokers
it knows and, in some orders of events, never returns to the bootstrap servers (librdkafka issue 5301). Such a client
stays without a connection until it is replaced.
"""

import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from darkroom.kafka.connection import ClientSettings

Client = Consumer | Producer | AdminClient

_EVERY_S: Final = 15.0
_ANSWER_S: Final = 2.0


class StrandedCheck:
    """Finds out whether a client is stranded. Not for several threads.

    Args:
        client: the client.
        settings: of another client of the same Kafka, which each check makes.
        topic: a topic that both may describe.
        clock: in seconds.
    """

    def __init__(
        self, client: Client, settings: ClientSettings, topic: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._settings, self._topic = client, settings, topic
        self._clock = clock
        self._checked_at = clock()

    def is_stranded(self) -> bool:
        """Whether the client gets no answer from Kafka while a new one does.

        Blocks for up to four seconds, at most once in fifteen; in between it answers False.
        """
        if self._clock() - self._checked_at < _EVERY_S:
            return False
        self._checked_at = self._clock()
        return not self._is_answered(self._client) and self._is_answered(AdminClient(self._settings))

    def _is_answered(self, client: Client) -> bool:
        try:
            client.list_topics(self._topic, timeout=_ANSWER_S)
        except KafkaException:
            return False
        return True
