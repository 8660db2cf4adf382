"""Topics through Kafka's Admin API, in separate threads, so that an unreachable Kafka delays no other pipeline.

A reconciliation gets the latest result without waiting. When there is a new result, its pipeline is queued again.
"""

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
from darkroom_operator.kafka.admin.connection import AdminConnection
from darkroom_operator.kafka.admin.settings import fingerprint
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.status.findings import Finding

THREADS = 8
FRESH_S = 600.0
"""How long topics that matched their description are not checked again."""

UNREACHABLE_S = 5.0
"""How long all jobs of a Kafka cluster fail immediately after one could not reach it, to free the threads."""
REPORT_AFTER_S = 8.0
"""A job that takes longer reports what it is waiting for."""

ALL_READY = Finding(ready=True, reason="AllReady", message="every topic is as described")
IN_PROGRESS = Finding(ready=False, reason="WaitingForKafka", message="the topics are being created or updated")

log = structlog.get_logger(__name__)


@dataclass
class _Job:
    fingerprint: str
    surplus: frozenset[str]
    progress: Finding
    finding: Finding | None = None
    finished_at: float = 0.0


class TopicProvisioner:
    """Creates, updates and deletes topics in a few threads; at most one job per pipeline."""

    def __init__(self, on_finished: Callable[[PipelineKey], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._on_finished = on_finished
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[PipelineKey, _Job] = {}
        self._unreachable: dict[str, tuple[float, str]] = {}  # since when and why, by the hash of the settings
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="kafka-admin")

    def ensure(
        self, key: PipelineKey, settings: ClientSettings, topics: Sequence[Topic], surplus: Sequence[str] = ()
    ) -> Finding:
        """The latest finding: whether `topics` match their description and those in `surplus` are deleted.

        Starts a job unless the result is known, and calls `on_finished` when it ends.
        """
        described = fingerprint(settings, [asdict(topic) for topic in topics])
        with self._lock:
            job = self._jobs.get(key)
            same = job is not None and job.fingerprint == described and job.surplus >= set(surplus)
            if job is not None and job.finding is None:
                return job.progress if same else IN_PROGRESS  # the end of the job queues the pipeline again
            known = job.finding if job is not None and same else None
            if job is not None and known is not None and self._is_fresh(job):
                return known
            # The known result is used until the new job has ended.
            self._jobs[key] = fresh = _Job(described, frozenset(surplus), known or IN_PROGRESS)
        self._pool.submit(self._work, key, fresh, settings, lambda client: _ensure(client, topics, surplus))
        return fresh.progress

    def forget(self, key: PipelineKey) -> None:
        """Drop the result of the pipeline `key`, which no longer exists."""
        with self._lock:
            self._jobs.pop(key, None)

    def close(self) -> None:
        """Start no more jobs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_fresh(self, job: _Job) -> bool:
        # A failed job is repeated by every reconciliation, which have a back-off.
        fresh_s = FRESH_S if job.finding is not None and job.finding.ready else 1.0
        return self._clock() - job.finished_at < fresh_s

    def _work(
        self, key: PipelineKey, job: _Job, settings: ClientSettings, work: Callable[[AdminClient], Finding]
    ) -> None:
        try:
            finding = self._connected(key, job, settings, work)
        except KafkaUnreachable as error:
            message = f"{error}; trying again"
            finding = Finding(ready=False, reason="KafkaUnreachable", message=message, retry=True)
        except KafkaException as error:
            message = f"{error.args[0].str()}; trying again"
            finding = Finding(ready=False, reason="KafkaRefused", message=message, retry=True)
        except Exception as error:
            log.exception("topics could not be provisioned", pipeline=str(key))
            finding = Finding(ready=False, reason="InternalError", message=repr(error), retry=True)
        with self._lock:
            job.finding, job.finished_at = finding, self._clock()
        self._on_finished(key)

    def _connected(
        self, key: PipelineKey, job: _Job, settings: ClientSettings, work: Callable[[AdminClient], Finding]
    ) -> Finding:
        """Do `work` with a connected client.

        Raises:
            KafkaUnreachable: no broker responded in time, in this job or recently in another one.
            KafkaException: the settings are wrong, or Kafka refused a request.
        """
        kafka = fingerprint(settings)
        self._check_reachable(kafka)
        connection = AdminConnection(settings)
        timer = threading.Timer(REPORT_AFTER_S, self._report_delay, (key, job, connection))
        timer.start()
        try:
            connection.wait_until_connected()
            return work(connection.client)
        except KafkaUnreachable as error:
            problem = connection.problem() if connection.has_errors() else str(error)
            with self._lock:
                self._unreachable[kafka] = self._clock(), problem
            raise KafkaUnreachable(problem) from error
        finally:
            timer.cancel()

    def _check_reachable(self, kafka: str) -> None:
        with self._lock:
            now = self._clock()
            recent = {k: (at, why) for k, (at, why) in self._unreachable.items() if now - at < UNREACHABLE_S}
            self._unreachable = recent
            failure = recent.get(kafka)
        if failure is not None:
            raise KafkaUnreachable(failure[1])

    def _report_delay(self, key: PipelineKey, job: _Job, connection: AdminConnection) -> None:
        """Report that a job takes long, because some brokers do not respond."""
        if job.progress is not IN_PROGRESS:
            return  # an earlier job has reported its result, which is used until this one has ended
        message = f"the topics are not ready after {REPORT_AFTER_S:.0f} s: {connection.problem()}; still trying"
        reason = "KafkaUnreachable" if connection.has_errors() else "WaitingForKafka"
        with self._lock:
            job.progress = Finding(ready=False, reason=reason, message=message)
        self._on_finished(key)


def _ensure(client: AdminClient, topics: Sequence[Topic], surplus: Sequence[str]) -> Finding:
    refused = dict(ensure_topics(client, topics).refused) if topics else {}
    refused |= delete_topics(client, surplus)
    if not refused:
        return ALL_READY
    lines = [f"topic {name}: {why}" for name, why in refused.items()]
    return Finding(ready=False, reason="TopicRefused", message="\n".join(lines), retry=True)
