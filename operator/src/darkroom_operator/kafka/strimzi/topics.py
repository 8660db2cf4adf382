"""KafkaTopics: one for each topic of a pipeline."""

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.rules import SHRINKING
from darkroom.api.validation import Problem
from darkroom.topology import Topic, Topology
from darkroom_operator.builders.kafka_topic import MANAGED, kafka_topic
from darkroom_operator.cluster.world import OwnedByAnother, World
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import KAFKA_TOPIC
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.status.findings import Finding, combined, refused

ALL_READY = Finding(ready=True, reason="AllReady", message="every topic is as described")


def provision_topics(pipeline: ImagePipeline, plan: Topology, cluster: str, namespace: str, world: World) -> Finding:
    """Request the topics of `plan` from Strimzi. Returns whether they are ready."""
    return combined([_provision(pipeline, topic, cluster, namespace, world) for topic in plan.topics], ALL_READY)


def shrinking(plan: Topology, namespace: str, world: World) -> list[Problem]:
    """Where `plan` asks for fewer partitions than exist. The CRD refuses such a change, but not a new pipeline."""

    def fewer(topic: Topic) -> bool:
        live = world.cache.get(KAFKA_TOPIC, namespace, topic.name)
        return live is not None and live.get("spec", {}).get("partitions", 0) > topic.partitions

    if fewer(plan.images):
        return [Problem("spec.images.partitions", SHRINKING)]
    return [
        Problem(f"spec.stages[{i}].{field}.partitions", SHRINKING)
        for i, stage in enumerate(plan.stages)
        for field, topic in (("results", stage.results), ("deadLetters", stage.dead_letters))
        if fewer(topic)
    ]


def delete_topic(live: Manifest, world: World, *, keep: bool) -> None:
    """Delete a KafkaTopic. With `keep` the topic and its records stay in Kafka.

    Source: Strimzi 1.2.0: deleting a KafkaTopic that is not managed does not delete its topic.
    """
    metadata = live["metadata"]
    unmanaged = metadata.get("annotations", {}).get(MANAGED) == "false"
    if keep and not unmanaged:
        patch = {"metadata": {"annotations": {MANAGED: "false"}}}
        world.cache.put(KAFKA_TOPIC, world.kube.merge(KAFKA_TOPIC, metadata["namespace"], metadata["name"], patch))
    world.remove(KAFKA_TOPIC, live)


def topic_finding(live: Manifest) -> Finding:
    """The Topic Operator's report on a KafkaTopic."""
    metadata, status = live["metadata"], live.get("status", {})
    name = f"KafkaTopic {metadata['namespace']}/{metadata['name']}"
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    current = status.get("observedGeneration") == metadata.get("generation")
    ready = conditions.get("Ready")
    if "deletionTimestamp" in metadata:
        return Finding(ready=False, reason="WaitingForTopicOperator", message=f"{name} is being deleted")
    if current and "ReconciliationPaused" in conditions:
        return Finding(ready=False, reason="TopicPaused", message=f"{name} has strimzi.io/pause-reconciliation set")
    if not current or ready is None:
        message = f"{name} has no status yet: is the Topic Operator of this cluster running?"
        return Finding(ready=False, reason="WaitingForTopicOperator", message=message)
    if ready.get("status") == "True":
        return ALL_READY
    why = f"{name}: {ready.get('reason', 'Unknown')}: {ready.get('message', '')}"
    return Finding(ready=False, reason=_reason(ready), message=why)


def _provision(pipeline: ImagePipeline, topic: Topic, cluster: str, namespace: str, world: World) -> Finding:
    try:
        return topic_finding(world.ensure(KAFKA_TOPIC, kafka_topic(pipeline, topic, cluster, namespace)))
    except OwnedByAnother as error:
        return Finding(ready=False, reason="TopicConflict", message=str(error), retry=True)
    except ApiError as error:
        if error.is_transient:
            raise
        return refused(f"KafkaTopic {namespace}/{topic.name}", error)


def _reason(ready: Manifest) -> str:
    match ready.get("reason"), ready.get("message", ""):
        case "ResourceConflict", _:
            return "TopicConflict"
        case "KafkaError", message if "TimeoutException" in message:
            return "KafkaUnreachable"
    return "TopicRefused"
