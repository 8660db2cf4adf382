"""Committed offsets and their marks: read and written with retries."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from darkroom.backoff import Backoff
from darkroom.kafka import log as kafka_log
from darkroom_inference.kafka.contact import Contact
from darkroom_inference.kafka.errors import ClientsBroken, Interrupted, meaning
from darkroom_inference.kafka.marks import Mark, decode, encode
from darkroom_inference.kafka.threaded_call import ThreadedCall
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import Pause, wait_in_slices

log = structlog.get_logger(__name__)

Positions = Mapping[int, tuple[int, Mark]]
"""By partition: the offset of the next record to process, and its mark."""

_REQUEST_TIMEOUT_S: Final = 10.0
_REACHABLE_TIMEOUT_S: Final = 2.0
_UNKNOWN_ERROR_PATIENCE_S: Final = 30.0

T = TypeVar("T")


class Offsets:
    """The offsets of one consumer's group in one topic.

    Temporary errors are retried without a limit, with back-off; unknown errors for half a minute.
    """

    def __init__(
        self,
        consumer: Consumer,
        contact: Contact,
        topic: str,
        pause: Pause,
        metrics: Metrics,
        extra: Mapping[int, Mapping[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`extra` holds, by partition, the fields in the metadata of every commit in addition to the mark."""
        self._consumer = consumer
        self._contact = contact
        self._topic = topic
        self._pause = pause
        self._metrics = metrics
        self._extra = extra
        self._clock = clock

    def committed(self, partitions: list[int]) -> dict[int, tuple[int | None, Mark]]:
        """The committed offset and mark of each partition; the offset is None where there is none.

        Raises:
            Interrupted: the consumer is no longer a member of its group.
            ClientsBroken: the consumer can't be used any more.
            DrainTimedOut: the worker has to stop.
        """
        wanted = [kafka_log.TopicPartition(self._topic, partition) for partition in partitions]
        found = self._retried(
            "read offsets", lambda: kafka_log.committed_offsets(self._consumer, wanted, _REQUEST_TIMEOUT_S)
        )
        return {
            partition.partition: (committed.offset, decode(committed.metadata))
            for partition, committed in found.items()
        }

    def commit(self, positions: Positions) -> None:
        """Commit, and wait for it.

        librdkafka waits for a broker without a limit. The loop ticks while it waits.

        Raises:
            Interrupted: the consumer is no longer a member of its group, or does not own a partition any more.
            ClientsBroken: the consumer can't be used any more.
            DrainTimedOut: the worker has to stop.
        """
        self._retried("commit", lambda: self._commit_ticking(positions))

    def start_commit(self, positions: Positions) -> ThreadedCall[None]:
        """Start to commit in a separate thread."""
        return ThreadedCall("commit", lambda: self._commit(positions))

    def wait_for(self, commit: ThreadedCall[None]) -> None:
        """Wait until a commit has ended, successfully or not.

        Raises:
            DrainTimedOut: the worker has to stop.
        """
        wait_in_slices(commit.ended, self._pause, self._slow)

    def commit_once(self, positions: Positions) -> None:
        """Try once to commit, for partitions that are being revoked: if it fails, their next owner repeats the work.

        It runs inside callbacks, where any other call of the client ends the process.
        """
        try:
            self._commit(positions)
        except KafkaException as error:
            log.warning("offsets not committed", error=error.args[0].str(), partitions=sorted(positions))
            self._metrics.kafka_error(error.args[0])

    def reachable(self) -> bool:
        """Whether a broker responds. A commit has no timeout; without a broker it would take minutes to fail."""
        try:
            self._consumer.list_topics(self._topic, timeout=_REACHABLE_TIMEOUT_S)
        except KafkaException:
            return False
        return True

    def as_topic_partitions(self, positions: Positions) -> list[TopicPartition]:
        """`positions` as the client library expects them."""
        return [
            TopicPartition(self._topic, partition, offset, metadata=encode(mark, self._extra.get(partition)))
            for partition, (offset, mark) in positions.items()
        ]

    def _commit(self, positions: Positions) -> None:
        answers = self._consumer.commit(offsets=self.as_topic_partitions(positions), asynchronous=False)
        for answer in answers or ():
            if answer.error is not None:
                raise KafkaException(answer.error)

    def _commit_ticking(self, positions: Positions) -> None:
        call = self.start_commit(positions)
        self.wait_for(call)
        call.result()

    def _slow(self) -> None:
        self._metrics.retry("offsets")
        log.warning("waiting for kafka", to="commit")
        self._contact.require()

    def _retried(self, what: str, call: Callable[[], T]) -> T:
        backoff = Backoff()
        began = self._clock()
        while True:
            try:
                return call()
            except KafkaException as raised:
                error: KafkaError = raised.args[0]
                self._metrics.kafka_error(error)
                match meaning(error):
                    case "Fatal":
                        raise ClientsBroken(error.str()) from raised
                    case "NotAMember":
                        raise Interrupted(error.str()) from raised
                    case "Unknown" if self._clock() - began > _UNKNOWN_ERROR_PATIENCE_S:
                        raise ClientsBroken(error.str()) from raised
                    case _:
                        log.warning("waiting for kafka", to=what, error=error.str())
                self._metrics.retry("offsets")
                self._contact.require()
                self._pause(backoff.next_s())
