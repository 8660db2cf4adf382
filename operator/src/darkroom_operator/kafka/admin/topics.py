"""Topics through Kafka's Admin API, in threads of their own: an unreachable Kafka delays no other pipeline.

A reconciliation asks and gets the latest result. When there is a new one, its pipeline is queued again.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.kafka.connection import ClientSettings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.topics import delete_topics, ensure_topics
from darkroom.topology import Topic
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.status.findings import Finding

THREADS = 4
FRESH_S = 600.0
"""How long topics that were found as described are not checked again."""

ALL_READY = Finding(ready=True, reason="AllReady", message="every topic is as described")
IN_PROGRESS = Finding(ready=False, reason="WaitingForKafka", message="the topics are being created or updated")

log = structlog.get_logger(__name__)


@dataclass
class _Job:
    fingerprint: str
    surplus: frozenset[str]
    finding: Finding | None = None
    finished_at: float = 0.0


class TopicProvisioner:
    """Creates, updates and deletes topics in a few threads; at most one job per pipeline."""

    def __init__(self, on_finished: Callable[[PipelineKey], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._on_finished = on_finished
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[PipelineKey, _Job] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="kafka-admin")

    def ensure(
        self, key: PipelineKey, settings: ClientSettings, topics: Sequence[Topic], surplus: Sequence[str] = ()
    ) -> Finding:
        """Whether `topics` are as described and those named in `surplus` are deleted, as far as is known.

        Starts a job unless the result is known, and calls `on_finished` when it ends.
        """
        described = json.dumps([settings, [asdict(topic) for topic in topics]], sort_keys=True, default=str)
        fingerprint = hashlib.sha256(described.encode()).hexdigest()
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.finding is None:
                return IN_PROGRESS  # for these or for earlier settings; its end queues the pipeline again
            same = job is not None and job.fingerprint == fingerprint and job.surplus >= set(surplus)
            if job is not None and job.finding is not None and same and self._is_fresh(job):
                return job.finding
            self._jobs[key] = fresh = _Job(fingerprint, frozenset(surplus))
        self._pool.submit(self._work, key, fresh, lambda: _ensure(settings, topics, surplus))
        return job.finding if job is not None and job.finding is not None and same else IN_PROGRESS

    def forget(self, key: PipelineKey) -> None:
        """Drop what is known for the pipeline `key`, which no longer exists."""
        with self._lock:
            self._jobs.pop(key, None)

    def close(self) -> None:
        """Start no more jobs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_fresh(self, job: _Job) -> bool:
        # A failed job is repeated whenever a reconciliation asks: those have a back-off.
        fresh_s = FRESH_S if job.finding is not None and job.finding.ready else 1.0
        return self._clock() - job.finished_at < fresh_s

    def _work(self, key: PipelineKey, job: _Job, work: Callable[[], Finding]) -> None:
        try:
            finding = work()
        except KafkaUnreachable as error:
            finding = Finding(ready=False, reason="KafkaUnreachable", message=str(error), retry=True)
        except KafkaException as error:
            finding = Finding(ready=False, reason="KafkaRefused", message=str(error), retry=True)
        except Exception as error:
            log.exception("topics could not be provisioned", pipeline=str(key))
            finding = Finding(ready=False, reason="InternalError", message=repr(error), retry=True)
        with self._lock:
            job.finding, job.finished_at = finding, self._clock()
        self._on_finished(key)


def _ensure(settings: ClientSettings, topics: Sequence[Topic], surplus: Sequence[str]) -> Finding:
    admin = AdminClient(dict(settings))
    refused = dict(ensure_topics(admin, topics).refused) if topics else {}
    refused |= delete_topics(admin, surplus)
    if not refused:
        return ALL_READY
    lines = [f"topic {name}: {why}" for name, why in refused.items()]
    return Finding(ready=False, reason="TopicRefused", message="\n".join(lines), retry=True)
