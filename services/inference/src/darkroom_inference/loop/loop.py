"""One run-to-completion loop: a thread with its own consumer and producer, which it replaces when they fail."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import structlog
from confluent_kafka import Consumer, Producer

from darkroom.backoff import Backoff
from darkroom.errors import DarkroomError
from darkroom.events import WorkerProcess
from darkroom.stage_settings import StageSettings
from darkroom.tracing.spans import Tracing
from darkroom_inference.group.protocol import Membership
from darkroom_inference.kafka import clients
from darkroom_inference.kafka.contact import Contact
from darkroom_inference.kafka.delivery import AtLeastOnce, Delivery, ExactlyOnce
from darkroom_inference.kafka.errors import ClientsBroken, Interrupted
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.kafka.publisher import Publisher
from darkroom_inference.kafka.statistics import ConsumerStatistics
from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import DrainTimedOut, Stopping
from darkroom_inference.lifecycle.watchdog import Watchdog
from darkroom_inference.loop.assignment import Assignment
from darkroom_inference.loop.batches import BatchSize
from darkroom_inference.loop.exclusive import ExclusiveTurn
from darkroom_inference.loop.intake import Intake, P
from darkroom_inference.loop.owned_partitions import OwnedPartitions
from darkroom_inference.loop.turn import BatchWork
from darkroom_inference.loop.work import LoopParts, Source, Work, WorkFactory
from darkroom_inference.records.answers import Answers
from darkroom_inference.share_group.attempts import AttemptsReader
from darkroom_inference.share_group.clients import ShareConnection, configure_group, share_consumer
from darkroom_inference.share_group.lent_images import LentImages
from darkroom_inference.share_group.limits import MOST_RECORDS, SHARE_S, wanted_limits
from darkroom_vision.analyse import LoadedStage

log = structlog.get_logger(__name__)

_COMMIT_EVERY_S: Final = 0.1
"""Of a stage with AtLeastOnce. After a crash, the images of that time are analysed again."""


@dataclass(frozen=True)
class Shared:
    """The objects that the loops of a process share."""

    settings: StageSettings
    stage: LoadedStage
    process_id: str
    membership: Membership
    exclusive: ExclusiveTurn
    watchdog: Watchdog
    metrics: Metrics
    stopping: Stopping
    work: WorkFactory
    worker: WorkerProcess
    attempts: AttemptsReader
    images_at_work: ImagesAtWork | None = None
    image_deadline_s: float = 60.0
    tracing: Tracing | None = None
    clock: Callable[[], float] = time.monotonic


class Loop:
    """Runs until it is asked to stop, even if Kafka is unavailable."""

    def __init__(self, number: int, shared: Shared) -> None:
        self.state = LoopState(number, shared.clock)
        self._shared = shared
        self._name = f"{shared.process_id}-{number}"
        self._backoff = Backoff()
        self._connected_brokers = 1
        # Kept when the clients are replaced, which may be because images take long.
        self._size = BatchSize(least=shared.settings.stage.execution.batch.max)
        self._thread = threading.Thread(target=self._run, name=f"loop-{number}", daemon=True)

    def start(self) -> None:
        """Start the loop's thread."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the loop's end. Returns False if the loop has not ended within `timeout_s`."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        structlog.contextvars.bind_contextvars(loop=self.state.number)
        stopping, metrics = self._shared.stopping, self._shared.metrics
        try:
            while not stopping.requested:
                try:
                    self._until_stopped()
                except DrainTimedOut as late:
                    log.warning("stopped before the current batch was finished", error=str(late))
                except ClientsBroken as broken:
                    metrics.retry("clients")
                    self._shared.membership.learn(broken)
                    log.warning("replacing the kafka clients", error=broken.cause)
                except DarkroomError as error:
                    metrics.retry("loop")
                    log.warning("restarting the loop", error=str(error))
                except Exception:  # the top level of the loop, which must not end
                    metrics.retry("loop")
                    log.exception("loop failed, restarting it")
                if not stopping.requested:
                    self._pause(self._backoff.next_s())
        except DrainTimedOut:
            pass
        finally:
            self.state.running = False
            log.info("loop ended")

    def _until_stopped(self) -> None:
        lent = self._shared.settings.uses_share_group
        with self._work_on_lent_images() if lent else self._work_on_owned_partitions() as (work, contact):
            while not self._shared.stopping.requested:
                try:
                    work.turn()
                except Interrupted as interrupted:
                    self._shared.metrics.retry("publish")
                    log.warning("repeating the current batch", error=interrupted.cause)
                    self._pause(self._backoff.next_s())
                else:
                    self._backoff.reset()
                if not self._connected_brokers:
                    contact.require()

    @contextmanager
    def _work_on_owned_partitions(self) -> Iterator[tuple[Work, Contact]]:
        """The loop's work with new clients, which are closed at the end, and the contact of its consumer."""
        shared = self._shared
        settings, metrics = shared.settings, shared.metrics
        consumer = clients.consumer(
            settings, self._name, shared.membership.protocol, metrics.kafka_error, self._on_statistics
        )
        contact = Contact(consumer, settings)
        offsets = Offsets(consumer, contact, settings.images_topic, self._pause, metrics, shared.work.commit_fields())
        assignment = Assignment(self.state, offsets, metrics)
        try:
            delivery = self._delivery(consumer, offsets)
            consumer.subscribe(
                [settings.images_topic],
                on_assign=assignment.on_assign,
                on_revoke=assignment.on_revoke,
                on_lost=assignment.on_lost,
            )

            is_live, exactly_once = settings.replay is None, settings.stage.delivery == "ExactlyOnce"
            commit_every_s = _COMMIT_EVERY_S if is_live and not exactly_once else 0.0

            def batches(source: Source) -> Work:
                partitions = OwnedPartitions(settings.images_topic, source, assignment, offsets)
                size = BatchSize(least=settings.stage.execution.batch.max)
                return self._batches(partitions, delivery, size, commit_every_s)

            parts = LoopParts(settings, self.state, consumer, assignment, offsets, batches)
            yield shared.work.work(parts), contact
            assignment.give_back()
        except BaseException:
            # The current batch may or may not be committed: closing must not commit older offsets.
            assignment.forget()
            raise
        finally:
            consumer.close()
            self.state.partitions = 0

    @contextmanager
    def _work_on_lent_images(self) -> Iterator[tuple[Work, Contact]]:
        """As `_work_on_owned_partitions`, with images that the stage's share group lends to the loop."""
        shared = self._shared
        settings, metrics, at_work = shared.settings, shared.metrics, shared.images_at_work
        limits = configure_group(settings, wanted_limits(shared.image_deadline_s, settings.stage.execution.batch.max))
        most_records = min(MOST_RECORDS, self._size.images_in(SHARE_S))
        consumer = share_consumer(settings, self._name, most_records, metrics.kafka_error, self._on_statistics)
        try:
            images = LentImages(
                consumer,
                limits,
                dict if at_work is None else at_work.suspects,
                shared.attempts.of,
                self._size.images_in,
                most_records,
                metrics,
                self._pause,
            )
            delivery = AtLeastOnce(self._publisher(None)[1], images)
            consumer.subscribe([settings.images_topic])
            work = self._batches(images, delivery, self._size)
            yield work, Contact(ShareConnection(lambda: self._connected_brokers), settings)
            images.close()
        finally:
            # The group lends what is not acknowledged to other workers at once.
            consumer.close()
            self.state.partitions = 0

    def _batches(
        self, intake: Intake[P], delivery: Delivery[P], size: BatchSize, commit_every_s: float = 0.0
    ) -> BatchWork[P]:
        shared = self._shared
        answers = Answers(
            self.state.number,
            shared.settings,
            shared.stage,
            shared.watchdog,
            shared.metrics,
            shared.tracing,
            shared.worker,
        )
        return BatchWork(
            shared.settings,
            intake,
            delivery,
            answers,
            shared.exclusive,
            shared.metrics,
            self._pause,
            size,
            commit_every_s,
        )

    def _delivery(self, consumer: Consumer, offsets: Offsets) -> Delivery[Positions]:
        settings, metrics = self._shared.settings, self._shared.metrics
        exactly_once = settings.stage.delivery == "ExactlyOnce"
        transactional_id = settings.transactional_id_prefix + self._name if exactly_once else None
        producer, publisher, contact = self._publisher(transactional_id)
        if not exactly_once:
            return AtLeastOnce(publisher, offsets)
        delivery = ExactlyOnce(producer, publisher, contact, consumer, offsets, self._pause, metrics)
        delivery.prepare()
        return delivery

    def _publisher(self, transactional_id: str | None) -> tuple[Producer, Publisher, Contact]:
        settings, metrics = self._shared.settings, self._shared.metrics
        producer = clients.producer(settings, self._name, transactional_id, metrics.kafka_error)
        contact = Contact(producer, settings)
        return producer, Publisher(producer, contact, self._pause, metrics), contact

    def _pause(self, seconds: float) -> None:
        self.state.tick()
        self._shared.stopping.pause(seconds)

    def _on_statistics(self, text: str) -> None:
        statistics = ConsumerStatistics.read(text)
        self._connected_brokers = statistics.brokers
        self._shared.metrics.brokers(self.state.number, statistics.brokers)
        self.state.lost_answers = statistics.lost_answers
        if self._shared.settings.uses_share_group:
            if statistics.partitions != self.state.partitions:
                log.info("partitions of the share group changed", partitions=statistics.partitions)
            self.state.partitions = statistics.partitions
            self._shared.metrics.partitions(self.state.number, statistics.partitions)
        if not self.state.partitions:
            self.state.in_touch(statistics.has_coordinator)
