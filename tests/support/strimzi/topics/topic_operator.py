"""The stand-in Topic Operator: KafkaTopic resources become topics of a real broker. Its contract is in README.md."""

import logging
import re
import threading
from collections import defaultdict
from collections.abc import Mapping

from confluent_kafka import KafkaError
from confluent_kafka.admin import NewTopic

from tests.support.kube.api import Api, ApiError, Manifest
from tests.support.strimzi.controller import Controller, Scope
from tests.support.strimzi.kafka_errors import broker_is_away, in_java
from tests.support.strimzi.no_kafka import NoKafkaTopics
from tests.support.strimzi.status import says_already
from tests.support.strimzi.topics import topic_resource as resource
from tests.support.strimzi.topics.kafka_topics import KafkaTopics, Topic
from tests.support.strimzi.topics.topic_resource import FINALIZER, Problem

BATCH = 50
THREADS = 8
FIELD_MANAGER = "strimzi-topic-operator"

_log = logging.getLogger(__name__)


class TopicOperator:
    """One cluster's KafkaTopics. `delay_s` and `failing` may be changed at any time.

    Attributes:
        failing: A regular expression; topics whose name it matches get a KafkaError.
    """

    def __init__(
        self, api: Api, scope: Scope, kafka: KafkaTopics | NoKafkaTopics, *, full_reconciliation_s: float
    ) -> None:
        self.failing = ""
        self._api = api
        self._path = scope.path("kafkatopics")
        self._kafka = kafka
        self._claims = _Claims(scope.namespace)
        self.controller = Controller(
            api,
            scope,
            "kafkatopics",
            self._reconcile,
            self._forget,
            batch=BATCH,
            threads=THREADS,
            full_reconciliation_s=full_reconciliation_s,
        )

    def _forget(self, topics: list[Manifest]) -> None:
        for topic in topics:
            self._claims.release(topic)

    def _reconcile(self, topics: list[Manifest]) -> list[str]:
        """Reconcile every resource. Returns the names of those to retry soon."""
        again, managed = [], []
        for topic in topics:
            if not resource.is_managed(topic):
                self._claims.release(topic)
                if not self._keep_finalizer(topic, wanted=False):
                    again.append(topic["metadata"]["name"])
                self._say(topic, resource.unmanaged_status(topic))
            elif resource.is_paused(topic):
                self._say(topic, resource.paused_status(topic))
            else:
                managed.append(topic)
        deleting = [topic for topic in managed if resource.is_deleting(topic)]
        return again + self._delete(deleting) + self._realise([topic for topic in managed if topic not in deleting])

    def _delete(self, topics: list[Manifest]) -> list[str]:
        ours = {resource.topic_name(topic): topic for topic in topics if resource.has_finalizer(topic)}
        wrong = self._kafka.delete(ours)
        again = []
        for name, topic in ours.items():
            if name in wrong:
                self._say(topic, resource.problem_status(topic, _problem(wrong[name])))
            if name in wrong or not self._keep_finalizer(topic, wanted=False):
                again.append(topic["metadata"]["name"])
        return again

    def _realise(self, topics: list[Manifest]) -> list[str]:
        """Create and change topics as their resources say, and write their status."""
        again: list[str] = []
        accepted: dict[str, Manifest] = {}
        for topic in topics:
            problem = self._refusal(topic)
            if problem is not None:
                self._say(topic, resource.problem_status(topic, problem))
            elif self._keep_finalizer(topic, wanted=True):
                accepted[resource.topic_name(topic)] = topic
            else:
                again.append(topic["metadata"]["name"])
        for name, outcome in self._make(accepted).items():
            topic = accepted[name]
            if isinstance(outcome, str):
                self._say(topic, resource.ready_status(topic, outcome))
            else:
                self._say(topic, resource.problem_status(topic, outcome))
                again += [topic["metadata"]["name"]] if outcome.passing else []
        return again

    def _refusal(self, topic: Manifest) -> Problem | None:
        if resource.renamed(topic):
            return Problem("NotSupported", "Changing spec.topicName is not supported")
        if (winner := self._claims.winner(topic)) is not None:
            return Problem("ResourceConflict", f"Managed by {winner}")
        if self.failing and re.search(self.failing, resource.topic_name(topic)):
            return Problem("KafkaError", "org.apache.kafka.common.errors.UnknownServerException: told to fail")
        return None

    def _make(self, topics: Mapping[str, Manifest]) -> dict[str, Problem | str]:
        found = self._kafka.describe(topics)
        missing = [name for name, topic in found.items() if topic is None]
        created = self._kafka.create([_new_topic(name, topics[name]) for name in missing])
        there = {name: topic for name, topic in found.items() if isinstance(topic, Topic)}
        changed = self._change({name: (topic, topics[name]) for name, topic in there.items()})
        unknown = {name: topic for name, topic in found.items() if isinstance(topic, KafkaError)}
        answers = {**unknown, **created}
        return {**{n: _problem(a) if isinstance(a, KafkaError) else a for n, a in answers.items()}, **changed}

    def _change(self, topics: Mapping[str, tuple[Topic, Manifest]]) -> dict[str, Problem | str]:
        """Change existing topics to what their resources say, as far as Kafka allows."""
        problems = {name: problem for name, pair in topics.items() if (problem := _unsupported(*pair)) is not None}
        changes = {name: change for name, pair in topics.items() if (change := _config_change(*pair))}
        growing = {
            name: wanted
            for name, (topic, asked) in topics.items()
            if (wanted := resource.partitions(asked)) is not None and wanted > topic.partitions
        }
        wrong = {**self._kafka.grow(growing), **self._kafka.configure(changes)}
        problems |= {name: _problem(error) for name, error in wrong.items()}
        return {name: problems.get(name, topic.topic_id) for name, (topic, _) in topics.items()}

    def _keep_finalizer(self, topic: Manifest, *, wanted: bool) -> bool:
        """Add or remove the finalizer; whether that is done, which it isn't when the resource changes meanwhile."""
        if resource.has_finalizer(topic) == wanted:
            return True
        metadata = topic["metadata"]
        others = [name for name in metadata.get("finalizers", []) if name != FINALIZER]
        finalizers = [*others, FINALIZER] if wanted else others
        patch = {"metadata": {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}}
        return self._patch(topic, "", patch)

    def _say(self, topic: Manifest, status: Manifest) -> None:
        if not says_already(topic, status):
            self._patch(topic, "/status", {"metadata": {"uid": topic["metadata"]["uid"]}, "status": status})

    def _patch(self, topic: Manifest, subresource: str, patch: Manifest) -> bool:
        """Whether the resource is still the one that is meant."""
        try:
            self._api.merge(f"{self._path}/{topic['metadata']['name']}{subresource}", patch, fieldManager=FIELD_MANAGER)
        except ApiError as error:
            if error.code not in {404, 409}:
                raise
            return False
        return True


class _Claims:
    """Which resource a topic belongs to when several ask for it: the oldest."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._lock = threading.Lock()
        self._order = 0
        self._claims: dict[str, dict[str, tuple[str, bool, int]]] = defaultdict(dict)

    def winner(self, topic: Manifest) -> str | None:
        """Put in this resource's claim; the other resource that has the topic, or None if it is its own."""
        metadata = topic["metadata"]
        with self._lock:
            claims = self._claims[resource.topic_name(topic)]
            if metadata["name"] not in claims:
                self._order += 1
                # Times are in seconds, so who has the finalizer, else who came first, decides within one.
                age = (metadata["creationTimestamp"], not resource.has_finalizer(topic), self._order)
                claims[metadata["name"]] = age
            oldest = min(claims, key=claims.__getitem__)
        return None if oldest == metadata["name"] else f"Ref{{namespace='{self._namespace}', name='{oldest}'}}"

    def release(self, topic: Manifest) -> None:
        with self._lock:
            for name in {resource.topic_name(topic), topic.get("status", {}).get("topicName")}:
                claims = self._claims.get(name, {})
                claims.pop(topic["metadata"]["name"], None)
                if not claims:
                    self._claims.pop(name, None)


def _new_topic(name: str, topic: Manifest) -> NewTopic:
    partitions, replicas = resource.partitions(topic) or -1, resource.replicas(topic) or -1
    return NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=resource.config(topic))


def _unsupported(topic: Topic, asked: Manifest) -> Problem | None:
    partitions, replicas = resource.partitions(asked), resource.replicas(asked)
    if partitions is not None and partitions < topic.partitions:
        return Problem("NotSupported", "Decreasing partitions not supported")
    different = [number for number, count in enumerate(topic.replicas) if replicas is not None and count != replicas]
    if different:
        message = f"Replication factor change not supported, but required for partitions {different}"
        return Problem("NotSupported", message)
    return None


def _config_change(topic: Topic, asked: Manifest) -> dict[str, str | None]:
    wanted = resource.config(asked)
    changed: dict[str, str | None] = {key: value for key, value in wanted.items() if topic.config.get(key) != value}
    return {**changed, **dict.fromkeys(topic.own_config - wanted.keys())}


def _problem(error: KafkaError) -> Problem:
    # A topic that was described and then is missing is being deleted: a broker shows it for a moment longer.
    vanished = error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    return Problem("KafkaError", in_java(error), passing=vanished or broker_is_away(error))
