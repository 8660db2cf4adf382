"""A KafkaTopic resource: its spec and its status. No input or output."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.support.kube.api import Manifest
from tests.support.strimzi.status import status_of

FINALIZER = "strimzi.io/topic-operator"

Reason = Literal["NotSupported", "ResourceConflict", "KafkaError"]


@dataclass(frozen=True)
class Problem(Exception):
    """Why a topic is not Ready. `passing` ones are tried again soon."""

    reason: Reason
    message: str
    passing: bool = False


def topic_name(resource: Manifest) -> str:
    """The name of the topic in Kafka."""
    return str(_spec(resource).get("topicName") or resource["metadata"]["name"])


def partitions(resource: Manifest) -> int | None:
    """The wanted number; None for the broker's default."""
    return _spec(resource).get("partitions")


def replicas(resource: Manifest) -> int | None:
    """The wanted replication factor; None for the broker's default."""
    return _spec(resource).get("replicas")


def config(resource: Manifest) -> dict[str, str]:
    """The wanted configuration as Kafka takes it."""
    return {key: _text(value) for key, value in (_spec(resource).get("config") or {}).items()}


def is_managed(resource: Manifest) -> bool:
    return _annotation(resource, "strimzi.io/managed") != "false"


def is_paused(resource: Manifest) -> bool:
    return _annotation(resource, "strimzi.io/pause-reconciliation") == "true"


def is_deleting(resource: Manifest) -> bool:
    return "deletionTimestamp" in resource["metadata"]


def has_finalizer(resource: Manifest) -> bool:
    return FINALIZER in resource["metadata"].get("finalizers", [])


def renamed(resource: Manifest) -> bool:
    """Whether its status knows the topic by another name than it has now."""
    known = resource.get("status", {}).get("topicName")
    return known is not None and known != topic_name(resource)


def ready_status(resource: Manifest, topic_id: str) -> Manifest:
    return status_of(resource, {"type": "Ready", "status": "True"}, topicName=topic_name(resource), topicId=topic_id)


def problem_status(resource: Manifest, problem: Problem) -> Manifest:
    """Not Ready; the topic's id stays if it was known, but for a change of name."""
    condition = {"type": "Ready", "status": "False", "reason": problem.reason, "message": problem.message}
    old = resource.get("status", {})
    topic_id = None if renamed(resource) else old.get("topicId")
    return status_of(resource, condition, topicName=old.get("topicName") or topic_name(resource), topicId=topic_id)


def unmanaged_status(resource: Manifest) -> Manifest:
    return status_of(resource, {"type": "Unmanaged", "status": "True"}, topicName=None, topicId=None)


def paused_status(resource: Manifest) -> Manifest:
    old = resource.get("status", {})
    condition = {"type": "ReconciliationPaused", "status": "True"}
    return status_of(
        resource, condition, topicName=old.get("topicName") or topic_name(resource), topicId=old.get("topicId")
    )


def _spec(resource: Manifest) -> dict[str, Any]:
    return resource.get("spec") or {}


def _annotation(resource: Manifest, name: str) -> str | None:
    return (resource["metadata"].get("annotations") or {}).get(name)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)
