"""What a pipeline had and wants no more: objects of a stage that was removed, or of a Kafka that it left."""

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import Topology
from darkroom_operator.cluster.cache import Place
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.strimzi_topics import retire_topic
from darkroom_operator.kube.kinds import KAFKA_TOPIC, KAFKA_USER, SECRET, STAGE_CHILDREN, Kind
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.runtime.work_queue import Key


def remove_leftovers(pipeline: ImagePipeline, plan: Topology, kafka_namespace: str | None, world: World) -> list[str]:
    """Remove what `plan` does not name, the workers first; answers what that was.

    `kafka_namespace` is where the KafkaTopics and KafkaUsers belong; None if the pipeline uses another Kafka.
    """
    key = Key(pipeline.namespace, pipeline.name)
    wanted = _wanted(pipeline, plan, kafka_namespace)
    removed = []
    for kind in (*STAGE_CHILDREN, KAFKA_USER):
        for live in world.cache.owned(kind, key):
            if _place(live) not in wanted[kind] and _is_ours(pipeline, kind, live):
                world.remove(kind, live)
                removed.append(f"{kind} {live['metadata']['name']}")
    for live in world.cache.owned(KAFKA_TOPIC, key):
        if _place(live) not in wanted[KAFKA_TOPIC]:
            retire_topic(live, world, keep=pipeline.spec.deletion_policy == "Retain")
            removed.append(f"KafkaTopic {live['metadata']['name']}")
    return removed


def _wanted(pipeline: ImagePipeline, plan: Topology, kafka_namespace: str | None) -> dict[Kind, set[Place]]:
    stages = [stage.name for stage in plan.stages]
    children = {(pipeline.namespace, names.child(pipeline.name, stage)) for stage in stages}
    copies = {(pipeline.namespace, names.kafka_secret(pipeline.name, stage)) for stage in stages}
    users = {(kafka_namespace, names.kafka_user(pipeline.namespace, pipeline.name, stage)) for stage in stages}
    topics = {(kafka_namespace, topic.name) for topic in plan.topics}
    elsewhere = kafka_namespace not in {None, pipeline.namespace}
    wanted: dict[Kind, set[Place]] = dict.fromkeys(STAGE_CHILDREN, children)
    wanted[SECRET] = copies if elsewhere else set()
    wanted[KAFKA_USER] = {(namespace, name) for namespace, name in users if namespace is not None}
    wanted[KAFKA_TOPIC] = {(namespace, name) for namespace, name in topics if namespace is not None}
    return wanted


def _is_ours(pipeline: ImagePipeline, kind: Kind, live: Manifest) -> bool:
    """Whether we made it: Strimzi gives our labels to what it makes from our objects, such as a user's Secret."""
    if kind is KAFKA_USER:
        return True
    return any(owner["uid"] == pipeline.metadata.uid for owner in live["metadata"].get("ownerReferences", []))


def _place(live: Manifest) -> Place:
    return live["metadata"]["namespace"], live["metadata"]["name"]
