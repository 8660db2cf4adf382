"""How often an image has ended a process of any worker of a stage with mode Queue.

A share group keeps no such count: its deliveries also count the other images of a batch, and images that a worker has
returned. As in mode Ordered, the counts are in the metadata of committed offsets, here of a group without members. It
exists once a process has ended. Its offsets mean nothing.

Every worker has a count of its own for each image. A worker reads again what it has written, because another one may
have written at the same time.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from darkroom.backoff import Backoff
from darkroom.kafka import log as kafka_log
from darkroom.kafka.connection import client_settings
from darkroom.stage_settings import StageSettings
from darkroom_inference.lifecycle.images_at_work import Position

log = structlog.get_logger(__name__)

Counts = Mapping[int, Mapping[str, int]]
"""By offset and worker, how many processes the image has ended."""

_MOST_BYTES: Final = 3_500
"""Of the metadata. Source: Kafka 4.3, `offset.metadata.max.bytes` is 4096 by default."""

_MOST_IMAGES: Final = _MOST_BYTES // len('"0":{"00000000":0},')

_TIMEOUT_S: Final = 5.0
_ATTEMPTS_TO_WRITE: Final = 10


class SharedAttempts:
    """Reads and writes the counts of a stage.

    Not with librdkafka's client for administration, which ends the process if the broker that it asks for offsets has
    just ceased to be the group's coordinator (librdkafka 2.16, rd_kafka_handle_OffsetFetch).
    """

    def __init__(self, settings: StageSettings) -> None:
        self._topic = settings.images_topic
        self._consumer = Consumer(
            client_settings(settings.kafka, "darkroom-worker-attempts")
            | {
                "group.id": settings.attempts_group,
                "enable.auto.commit": False,
                # It is not polled, so that messages would be kept. The caller has the errors.
                "log_level": 2,
            }
        )

    def close(self) -> None:
        """Close the client."""
        self._consumer.close()

    def of(self, partitions: Iterable[int]) -> dict[Position, int]:
        """How many processes each image in `partitions` has ended; 0 if it is only a suspect.

        Raises:
            KafkaException: Kafka refuses the request, or does not respond.
        """
        return {
            (partition, offset): sum(by_worker.values())
            for partition, counts in self._read(partitions).items()
            for offset, by_worker in counts.items()
        }

    def write(self, worker: str, own: Mapping[Position, int]) -> bool:
        """Write the counts of `worker`. Returns whether Kafka had them already: if not, others may overwrite them.

        Waits for an unavailable broker without a limit.

        Raises:
            KafkaException: Kafka refuses the request, or does not respond.
        """
        found = self._read({partition for partition, _ in own})
        wanted = {
            partition: decode(
                encode(with_own(counts, worker, {offset: n for (at, offset), n in own.items() if at == partition}))
            )
            for partition, counts in found.items()
        }
        changed = {partition: counts for partition, counts in wanted.items() if counts != found[partition]}
        if changed:
            commits = [
                TopicPartition(self._topic, partition, max(counts), metadata=encode(counts))
                for partition, counts in changed.items()
            ]
            for answer in self._consumer.commit(offsets=commits, asynchronous=False) or ():
                if answer.error is not None:
                    raise KafkaException(answer.error)
        return not changed

    def _read(self, partitions: Iterable[int]) -> dict[int, Counts]:
        wanted = [kafka_log.TopicPartition(self._topic, partition) for partition in partitions]
        found = kafka_log.committed_offsets(self._consumer, wanted, _TIMEOUT_S)
        return {at.partition: decode(committed.metadata) for at, committed in found.items()}


class AttemptsReader:
    """Reads the counts of a stage for the loops of a process, which do without them while Kafka does not respond."""

    def __init__(self, settings: StageSettings) -> None:
        self._settings = settings
        self._attempts: SharedAttempts | None = None
        self._opening = threading.Lock()

    def of(self, partitions: Iterable[int]) -> Mapping[Position, int]:
        """As `SharedAttempts.of`; empty if they can't be read."""
        with self._opening:
            # Most processes are never lent an image a second time.
            attempts = self._attempts = self._attempts or SharedAttempts(self._settings)
        try:
            return attempts.of(partitions)
        except KafkaException as raised:
            log.warning("can't read which images ended processes of other workers", error=raised.args[0].str())
            return {}


class AttemptsWriter:
    """Writes the counts of a worker, in a thread of its own: its processes are restarted meanwhile.

    The thread and its client exist only while there are counts to write, so that the process may be forked.
    """

    def __init__(self, worker: str, settings: StageSettings, wait: Callable[[float], object]) -> None:
        """Prepare to write.

        Args:
            worker: identifies the worker among those of the stage.
            settings: the stage.
            wait: waits for a number of seconds, less if the worker has to stop.
        """
        self._worker, self._settings, self._wait = worker, settings, wait
        self._waiting: deque[Mapping[Position, int]] = deque()
        self._is_writing = False
        self._lock = threading.Lock()

    def write(self, own: Mapping[Position, int]) -> None:
        """Have the counts written soon."""
        with self._lock:
            self._waiting.append(own)
            if self._is_writing:
                return
            self._is_writing = True
        threading.Thread(target=self._run, name="attempts", daemon=True).start()

    def _run(self) -> None:
        with closing(SharedAttempts(self._settings)) as attempts:
            while (own := self._next()) is not None:
                self._write(attempts, own)

    def _next(self) -> Mapping[Position, int] | None:
        with self._lock:
            self._is_writing = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None

    def _write(self, attempts: SharedAttempts, own: Mapping[Position, int]) -> None:
        backoff = Backoff()
        for _ in range(_ATTEMPTS_TO_WRITE):
            try:
                if attempts.write(self._worker, own):
                    return
            except KafkaException as raised:
                log.warning("can't tell other workers which images ended a process", error=raised.args[0].str())
                self._wait(backoff.next_s())


def with_own(counts: Counts, worker: str, own: Mapping[int, int]) -> Counts:
    """`counts` with those of `worker`. A count never decreases."""
    added = {
        offset: {**counts.get(offset, {}), worker: max(count, counts.get(offset, {}).get(worker, 0))}
        for offset, count in own.items()
    }
    return {**counts, **added}


def encode(counts: Counts) -> str:
    """The metadata of a commit. If there are too many images, the oldest are left out, those without a count first."""
    kept = sorted(counts.items(), key=lambda image: (sum(image[1].values()) > 0, image[0]))[-_MOST_IMAGES:]
    while len(text := _json(kept)) > _MOST_BYTES:
        kept = kept[1:]
    return text


def decode(metadata: str | None) -> Counts:
    """The counts in the metadata of a commit; none if another program has made the commit."""
    try:
        match json.loads(metadata or ""):
            case {"darkroom": "attempts", "images": dict(images)}:
                return {int(offset): _by_worker(found) for offset, found in images.items()}
    except (ValueError, TypeError):
        pass
    return {}


def _by_worker(found: object) -> dict[str, int]:
    if not isinstance(found, dict):
        raise TypeError
    return {str(worker): int(count) for worker, count in found.items()}


def _json(images: Collection[tuple[int, Mapping[str, int]]]) -> str:
    fields = {"darkroom": "attempts", "images": {str(offset): dict(by_worker) for offset, by_worker in images}}
    return json.dumps(fields, separators=(",", ":"))
