"""The two delivery guarantees of a stage: at least once, exactly once."""

import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from darkroom.backoff import Backoff
from darkroom_inference.kafka.contact import Contact
from darkroom_inference.kafka.errors import ClientsBroken, Interrupted
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.kafka.publisher import Publisher
from darkroom_inference.kafka.threaded_call import within
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import Pause
from darkroom_inference.records.outgoing import Outgoing

log = structlog.get_logger(__name__)

_CALL_TIMEOUT_S: Final = 10.0
_SEND_EVERY_S: Final = 0.005
"""How often records are passed to the client. Each call wakes its threads, which takes longer than a small model."""

T = TypeVar("T")
P_contra = TypeVar("P_contra", contravariant=True)


class Settled(Protocol[P_contra]):
    """Where the progress of a loop is saved: committed offsets, or acknowledgements to a share group."""

    def commit(self, progress: P_contra, /) -> None:
        """Save that everything up to `progress` is processed.

        Raises:
            Interrupted: it is not saved, and the images may be processed again.
            ClientsBroken: the loop needs new clients.
            DrainTimedOut: the worker has to stop.
        """


class Delivery(Protocol[P_contra]):
    """Publishes results and dead letters, and then saves the loop's progress."""

    @property
    def publishes_early(self) -> bool:
        """Whether `send` publishes records; otherwise only `settle` does."""

    def publish(self, outgoing: Outgoing) -> None:
        """Queue a record for publication. The order of the calls is kept."""

    def send(self) -> None:
        """Publish what is queued if that is possible now, because the batch has more images to be analysed."""

    def settle(self, progress: P_contra, /) -> Sequence[Outgoing]:
        """Wait until everything published is acknowledged, and commit `progress`.

        `AtLeastOnce` accepts no positions, too: they may be committed by a later call.

        Returns:
            The published records: a result that exceeds the limit of its topic has become a dead letter.

        Raises:
            Interrupted: nothing is committed; the work must be repeated.
            ClientsBroken: it is not certain what is committed; the loop needs new clients.
            DrainTimedOut: the worker has to stop.
        """

    def forget(self) -> None:
        """Drop the records published since the last `settle`."""


class AtLeastOnce(Generic[P_contra]):
    """Commits after the acknowledgements. After an interruption in between, the same records are published again.

    Records are passed to the producer only while none are in flight. librdkafka 2.16 allows an idempotent producer five
    requests in flight by partition, but counts records (rd_kafka_toppar_producer_serve compares rktp_msgs_inflight with
    RD_KAFKA_IDEMP_MAX_INFLIGHT). With five records in flight and another one queued, its broker thread does not sleep
    until the acknowledgement: it takes a whole core from the models and from a broker on the same machine.
    """

    publishes_early: Final = True

    def __init__(
        self, publisher: Publisher, settled: Settled[P_contra], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._publisher = publisher
        self._settled = settled
        self._clock = clock
        self._published: list[Outgoing] = []
        self._unsent: list[Outgoing] = []
        self._looked_at = 0.0

    def publish(self, outgoing: Outgoing) -> None:
        """Keep the record until `send` or `settle`."""
        self._published.append(outgoing)
        self._unsent.append(outgoing)

    def send(self) -> None:
        """Send what is kept, unless records are in flight. Not more often than every few milliseconds."""
        now = self._clock()
        if now - self._looked_at >= _SEND_EVERY_S:
            self._looked_at = now
            if not self._publisher.in_flight():
                self._send()

    def settle(self, progress: P_contra, /) -> Sequence[Outgoing]:
        """Wait for the acknowledgements, then commit."""
        if self._unsent and self._publisher.in_flight():
            self._acknowledged()
        self._send()
        self._acknowledged()
        published, self._published = self._published, []
        if not progress:
            return published
        try:
            self._settled.commit(progress)
        except Interrupted as interrupted:
            # The results are published. The next commit, or the one that releases the partitions, covers these offsets;
            # if neither happens, the next owner repeats the work.
            log.warning("commit postponed", error=str(interrupted))
        return published

    def forget(self) -> None:
        """Drop the records that are not sent yet."""
        self._published.clear()
        self._unsent.clear()
        self._publisher.forget()

    def _send(self) -> None:
        for outgoing in self._unsent:
            self._publisher.publish(outgoing)
        self._unsent.clear()

    def _acknowledged(self) -> None:
        """Wait until what is sent is acknowledged. A result that its topic refuses becomes a dead letter."""
        while refused := self._publisher.wait():
            for outgoing in refused:
                letter = _fallback(outgoing)
                self._published[self._published.index(outgoing)] = letter
                self._publisher.publish(letter)


class ExactlyOnce:
    """Publishes and commits in one transaction a batch, fenced by the consumer's membership of its group (KIP-447).

    Records are kept until `settle`, so that a transaction is open only while they are published.
    """

    publishes_early: Final = False

    def __init__(
        self,
        producer: Producer,
        publisher: Publisher,
        contact: Contact,
        consumer: Consumer,
        offsets: Offsets,
        pause: Pause,
        metrics: Metrics,
    ) -> None:
        self._producer = producer
        self._publisher = publisher
        self._contact = contact
        self._consumer = consumer
        self._offsets = offsets
        self._pause = pause
        self._metrics = metrics
        self._kept: list[Outgoing] = []

    def prepare(self) -> None:
        """Fence earlier producers with this transactional id, and abort a transaction that they left open."""
        self._call("initialise transactions", lambda: self._producer.init_transactions(_CALL_TIMEOUT_S))

    def publish(self, outgoing: Outgoing) -> None:
        """Keep the record for the transaction."""
        self._kept.append(outgoing)

    def send(self) -> None:
        """Nothing: the transaction begins when the whole batch is processed."""

    def settle(self, positions: Positions, /) -> Sequence[Outgoing]:
        """Publish and commit in one transaction. If it fails, it is aborted and the work is repeated."""
        while refused := self._transaction(positions):
            for outgoing in refused:
                self._kept[self._kept.index(outgoing)] = _fallback(outgoing)
        published, self._kept = self._kept, []
        return published

    def forget(self) -> None:
        """Drop the kept records."""
        self._kept.clear()

    def _transaction(self, positions: Positions) -> list[Outgoing]:
        self._call("begin a transaction", self._producer.begin_transaction)
        for outgoing in self._kept:
            self._publisher.publish(outgoing)
        try:
            refused = self._publisher.wait()
        except Interrupted:
            self._abort()
            raise
        if refused:
            self._abort()
            return refused
        membership = self._consumer.consumer_group_metadata()
        parts = self._offsets.as_topic_partitions(positions)

        def send_offsets() -> None:
            self._producer.send_offsets_to_transaction(parts, membership, _CALL_TIMEOUT_S)

        self._call("send offsets", lambda: within(2 * _CALL_TIMEOUT_S, "send offsets", send_offsets))
        self._call("commit a transaction", lambda: self._producer.commit_transaction(_CALL_TIMEOUT_S))
        return []

    def _call(self, what: str, call: Callable[[], T]) -> T:
        """Call until the outcome is certain.

        Raises:
            Interrupted: the transaction is aborted; another may begin.
            ClientsBroken: the producer is fenced, or failed.
        """
        backoff = Backoff()
        while True:
            try:
                return call()
            except KafkaException as raised:
                error: KafkaError = raised.args[0]
                self._metrics.kafka_error(error)
                if error.txn_requires_abort():
                    self._abort()
                    raise Interrupted(error.str()) from raised
                if not error.retriable():
                    raise ClientsBroken(error.str()) from raised
                self._metrics.retry("transaction")
                log.warning("waiting for kafka", to=what, error=error.str())
                self._contact.require()
                self._pause(backoff.next_s())

    def _abort(self) -> None:
        self._metrics.retry("transaction")
        deadline = time.monotonic() + 6 * _CALL_TIMEOUT_S
        backoff = Backoff()
        while True:
            try:
                self._producer.abort_transaction(_CALL_TIMEOUT_S)
            except KafkaException as raised:
                error: KafkaError = raised.args[0]
                if not error.retriable() or time.monotonic() > deadline:
                    raise ClientsBroken(error.str()) from raised
                self._pause(backoff.next_s())
            else:
                self._publisher.forget()
                return


def _fallback(outgoing: Outgoing) -> Outgoing:
    if outgoing.fallback is None:
        raise Interrupted(f"{outgoing.topic} is too small for a dead letter")
    return outgoing.fallback()
