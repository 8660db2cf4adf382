"""Topics of any other Kafka, through its Admin API, beside the reconciliations: a Kafka that is away holds up nobody.

A reconciliation asks, and is told what is known by now; when there is news, its pipeline is queued again.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.api.pipeline import Kafka
from darkroom.kafka.connection import ClientSettings, KafkaConnection, client_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.topics import delete_topics, ensure_topics
from darkroom.topology import Topic
from darkroom_operator.kafka.credentials import CA, CERTIFICATE, PASSWORD, PRIVATE_KEY, USERNAME
from darkroom_operator.runtime.work_queue import Key
from darkroom_operator.status.findings import Finding

THREADS = 4
GOOD_FOR_S = 600.0
"""How long topics that were found as described are believed to be so."""

ALL_READY = Finding(ready=True, reason="AllReady", message="every topic is as described")
IN_WORK = Finding(ready=False, reason="WaitingForKafka", message="the topics are being made")

log = structlog.get_logger(__name__)


@dataclass
class _Job:
    fingerprint: str
    surplus: frozenset[str]
    finding: Finding | None = None
    finished_at: float = 0.0


class KafkaAdmin:
    """Topics, made and deleted in a few threads of their own; at most one job a pipeline."""

    def __init__(self, on_news: Callable[[Key], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._on_news = on_news
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[Key, _Job] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="kafka-admin")

    def ensure(
        self, key: Key, settings: ClientSettings, topics: Sequence[Topic], surplus: Sequence[str] = ()
    ) -> Finding:
        """Whether `topics` are as described and those named in `surplus` gone, as far as is known by now.

        What is not known to be so is seen to, and `on_news` called when that is done.
        """
        described = json.dumps([settings, [asdict(topic) for topic in topics]], sort_keys=True, default=str)
        fingerprint = hashlib.sha256(described.encode()).hexdigest()
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.finding is None:
                return IN_WORK  # of this, or of something older; its end brings us back here
            same = job is not None and job.fingerprint == fingerprint and job.surplus >= set(surplus)
            if job is not None and job.finding is not None and same and self._is_fresh(job):
                return job.finding
            self._jobs[key] = fresh = _Job(fingerprint, frozenset(surplus))
        self._pool.submit(self._work, key, fresh, lambda: _ensure(settings, topics, surplus))
        return job.finding if job is not None and job.finding is not None and same else IN_WORK

    def forget(self, key: Key) -> None:
        """The pipeline `key` is no more."""
        with self._lock:
            self._jobs.pop(key, None)

    def close(self) -> None:
        """Begin no more jobs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_fresh(self, job: _Job) -> bool:
        # What failed is tried again each time that somebody asks: those who ask have a back-off.
        good_for_s = GOOD_FOR_S if job.finding is not None and job.finding.ready else 1.0
        return self._clock() - job.finished_at < good_for_s

    def _work(self, key: Key, job: _Job, work: Callable[[], Finding]) -> None:
        try:
            finding = work()
        except KafkaUnreachable as error:
            finding = Finding(ready=False, reason="KafkaUnreachable", message=str(error), retry=True)
        except KafkaException as error:
            finding = Finding(ready=False, reason="KafkaRefused", message=str(error), retry=True)
        except Exception as error:
            log.exception("topics could not be made", pipeline=str(key))
            finding = Finding(ready=False, reason="InternalError", message=repr(error), retry=True)
        with self._lock:
            job.finding, job.finished_at = finding, self._clock()
        self._on_news(key)


def admin_settings(kafka: Kafka, files: Mapping[str, bytes]) -> ClientSettings:
    """Librdkafka's settings for the operator itself; credentials go in as text, not as files."""
    tls, authentication = kafka.tls is not None, kafka.authentication is not None
    settings = client_settings(KafkaConnection(bootstrap_servers=kafka.bootstrap_servers or ""), "darkroom-operator")
    texts = {name: content.decode() for name, content in files.items()}
    given = {
        "ssl.ca.pem": texts.get(CA),
        "ssl.certificate.pem": texts.get(CERTIFICATE),
        "ssl.key.pem": texts.get(PRIVATE_KEY),
    }
    if authentication and PASSWORD in texts:
        settings["security.protocol"] = "SASL_SSL" if tls else "SASL_PLAINTEXT"
        given |= {
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": texts[USERNAME].strip(),
            "sasl.password": texts[PASSWORD].strip(),
        }
    elif tls:
        settings["security.protocol"] = "SSL"
    return settings | {name: value for name, value in given.items() if value is not None}


def _ensure(settings: ClientSettings, topics: Sequence[Topic], surplus: Sequence[str]) -> Finding:
    admin = AdminClient(dict(settings))
    refused = dict(ensure_topics(admin, topics).refused) if topics else {}
    refused |= delete_topics(admin, surplus)
    if not refused:
        return ALL_READY
    lines = [f"topic {name}: {why}" for name, why in refused.items()]
    return Finding(ready=False, reason="TopicRefused", message="\n".join(lines), retry=True)
