"""Observes the groups during faults, to measure the recovery times."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from darkroom.topology import StagePlan
from tests.chaos.share_group import done, share_group_progress

if TYPE_CHECKING:
    from darkroom.kafka.connection import ClientSettings

_EVERY_S: Final = 0.25
_TIMEOUT_S: Final = 3.0
_REPLACE_AFTER_S: Final = 20.0
SESSION_TIMEOUT_S: Final = 4.0
"""The session timeout of the groups of a run."""
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Sample:
    """The ends of the images topic and the offsets before which every group has nothing left to do, by partition."""

    at: float
    ends: Mapping[int, int]
    done: Mapping[str, Mapping[int, int]]

    def reaches(self, ends: Mapping[int, int]) -> bool:
        """Whether every group is done with everything before `ends`."""
        return all(done.get(partition, 0) >= end for done in self.done.values() for partition, end in ends.items())

    @property
    def lag(self) -> int:
        """The number of images that are not done, over all groups."""
        return sum(end - done.get(partition, 0) for done in self.done.values() for partition, end in self.ends.items())


@dataclass(frozen=True)
class Strike:
    """A fault at a point in time."""

    name: str
    at: float


def recovery_s(strike: Strike, samples: Sequence[Sample]) -> float | None:
    """The longest wait of an image that arrived within a session timeout after the strike.

    None if it is unknown: there is no sample from that time, or the image still waits.
    The images of a partition whose worker has ended wait until another worker has taken over; without a fault, the wait
    is the time of a batch plus the interval of samples.
    """
    after = [sample for sample in samples if sample.at >= strike.at]
    waits: list[float] = []
    for number, sample in enumerate(after):
        if sample.at > strike.at + SESSION_TIMEOUT_S:
            break
        settled = next((later.at for later in after[number:] if later.reaches(sample.ends)), None)
        if settled is None:
            return None
        waits.append(settled - sample.at)
    return max(waits, default=None)


class Observer:
    """Samples the offsets in a separate thread. An unavailable broker costs only samples.

    A client without responses for long is replaced, because the groups are observed, not the health of this client.
    """

    def __init__(self, bootstrap_servers: str, topic: str, partitions: int, stages: Sequence[StagePlan]) -> None:
        self.samples: list[Sample] = []
        self.in_sync = False
        self.trouble = ""
        self._servers = bootstrap_servers
        self._settings: ClientSettings = {
            "bootstrap.servers": bootstrap_servers,
            "reconnect.backoff.max.ms": 500,
            "log_level": 2,
        }
        self._groups = [stage.consumer_group for stage in stages if stage.share_group is None]
        self._share_groups = [stage.share_group for stage in stages if stage.share_group is not None]
        self._make_clients()
        self._latest = {TopicPartition(topic, number): _LATEST for number in range(partitions)}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="observer", daemon=True)

    def start(self) -> None:
        """Start sampling."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join(10 * _TIMEOUT_S)
        self._close_clients()

    def _make_clients(self) -> None:
        self._admin = AdminClient(self._settings)
        # Consumers that never join, because the Admin API's request for offsets crashes for a missing group.
        self._consumers = {group: Consumer({**self._settings, "group.id": group}) for group in self._groups}

    def _close_clients(self) -> None:
        for consumer in self._consumers.values():
            consumer.close()

    def since(self, at: float) -> Sample | None:
        """The latest sample, if it was taken after `at`."""
        latest = self.samples[-1] if self.samples else None
        return latest if latest is not None and latest.at > at else None

    def _watch(self) -> None:
        replace_at = time.monotonic() + _REPLACE_AFTER_S
        while not self._stop.wait(_EVERY_S):
            try:
                self.samples.append(self._sample())
                self.in_sync = self._every_replica_in_sync()
                replace_at = time.monotonic() + _REPLACE_AFTER_S
            except (KafkaException, TimeoutError) as error:
                self.in_sync, self.trouble = False, repr(error)
                if time.monotonic() > replace_at:
                    self._close_clients()
                    self._make_clients()
                    replace_at = time.monotonic() + _REPLACE_AFTER_S
            except Exception as error:  # the top level of the thread, whose end must be reported
                self.in_sync, self.trouble = False, repr(error)
                raise

    def _sample(self) -> Sample:
        at = time.monotonic()
        found = self._admin.list_offsets(self._latest, request_timeout=_TIMEOUT_S)
        ends = {asked.partition: future.result(2 * _TIMEOUT_S).offset for asked, future in found.items()}
        by_group = {}
        for group, consumer in self._consumers.items():
            found_offsets = consumer.committed(list(self._latest), timeout=_TIMEOUT_S)
            by_group[group] = {commit.partition: max(0, commit.offset) for commit in found_offsets}
        for group in self._share_groups:
            by_group[group] = done(share_group_progress(self._servers, group, _TIMEOUT_S), ends)
        return Sample(at, ends, by_group)

    def _every_replica_in_sync(self) -> bool:
        topics = self._admin.list_topics(timeout=_TIMEOUT_S).topics.values()
        return all(len(p.isrs) == len(p.replicas) for topic in topics for p in topic.partitions.values())
