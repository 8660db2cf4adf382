"""Pruning: deletes the objects of removed stages, and those in a Kafka that the pipeline no longer uses."""

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import Topology
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.strimzi.topics import delete_topic
from darkroom_operator.kube.keys import ObjectKey, PipelineKey
from darkroom_operator.kube.kinds import KAFKA_TOPIC, KAFKA_USER, KEDA, SECRET, STAGE_CHILDREN, Kind
from darkroom_operator.kube.transport import Manifest


def prune(pipeline: ImagePipeline, plan: Topology, kafka_namespace: str | None, world: World) -> list[str]:
    """Delete the pipeline's objects that are not in `plan`, the workers first. Returns their kinds and names.

    `kafka_namespace` is the namespace of the KafkaTopics and KafkaUsers; None if Strimzi does not manage the Kafka.
    """
    key = PipelineKey(pipeline.namespace, pipeline.name)
    wanted = _wanted(pipeline, plan, kafka_namespace)
    removed = []
    for kind in (*STAGE_CHILDREN, KAFKA_USER):
        for live in world.cache.owned(kind, key):
            if _key(live) not in wanted[kind] and _is_own(pipeline, kind, live):
                world.remove(kind, live)
                removed.append(f"{kind} {live['metadata']['name']}")
    for live in world.cache.owned(KAFKA_TOPIC, key):
        if _key(live) not in wanted[KAFKA_TOPIC]:
            delete_topic(live, world, keep=pipeline.spec.deletion_policy == "Retain")
            removed.append(f"KafkaTopic {live['metadata']['name']}")
    return removed


def _wanted(pipeline: ImagePipeline, plan: Topology, kafka_namespace: str | None) -> dict[Kind, set[ObjectKey]]:
    stages = [stage.name for stage in plan.stages]
    children = {ObjectKey(pipeline.namespace, names.child(pipeline.name, stage)) for stage in stages}
    copies = {ObjectKey(pipeline.namespace, names.kafka_secret(pipeline.name, stage)) for stage in stages}
    elsewhere = kafka_namespace not in {None, pipeline.namespace}
    wanted: dict[Kind, set[ObjectKey]] = dict.fromkeys(STAGE_CHILDREN, children)
    by_keda = [stage.name for stage in plan.stages if stage.autoscaling is not None and stage.autoscaling.keda]
    for kind in KEDA:
        wanted[kind] = {ObjectKey(pipeline.namespace, names.child(pipeline.name, stage)) for stage in by_keda}
    wanted[SECRET] = {ObjectKey(pipeline.namespace, names.keda_secret(pipeline.name, stage)) for stage in by_keda}
    wanted[SECRET] |= copies if elsewhere else set()
    wanted[KAFKA_USER], wanted[KAFKA_TOPIC] = set(), set()
    if kafka_namespace is not None:
        users = (names.kafka_user(pipeline.namespace, pipeline.name, stage) for stage in stages)
        wanted[KAFKA_USER] = {ObjectKey(kafka_namespace, user) for user in users}
        wanted[KAFKA_TOPIC] = {ObjectKey(kafka_namespace, topic.name) for topic in plan.topics}
    return wanted


def _is_own(pipeline: ImagePipeline, kind: Kind, live: Manifest) -> bool:
    """Whether the operator created it: Strimzi copies labels, for example from a KafkaUser to its Secret."""
    if kind is KAFKA_USER:
        return True
    return any(owner["uid"] == pipeline.metadata.uid for owner in live["metadata"].get("ownerReferences", []))


def _key(live: Manifest) -> ObjectKey:
    return ObjectKey(live["metadata"]["namespace"], live["metadata"]["name"])
