"""A pipeline's Kafka, where Strimzi runs it: found, its topics and users asked for, its answers read."""

from darkroom.api.pipeline import ImagePipeline
from darkroom.kafka.strimzi import choose_listener
from darkroom.topology import Topology
from darkroom_operator.cluster.references import Reference
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.credentials import Credentials
from darkroom_operator.kafka.strimzi_credentials import Cluster, provision_credentials
from darkroom_operator.kafka.strimzi_topics import provision_topics
from darkroom_operator.kube.kinds import KAFKA, STRIMZI
from darkroom_operator.runtime.work_queue import Key
from darkroom_operator.status.findings import Finding
from darkroom_operator.status.report import KafkaParts


def strimzi_namespace(pipeline: ImagePipeline) -> str | None:
    """Where the pipeline's KafkaTopics and KafkaUsers belong; None if it uses another Kafka."""
    cluster = pipeline.spec.kafka.cluster
    return None if cluster is None else cluster.namespace or pipeline.namespace


def strimzi_parts(key: Key, pipeline: ImagePipeline, plan: Topology, world: World) -> KafkaParts:
    """Have Strimzi provide what `plan` needs, and answer how far that is."""
    cluster, namespace = pipeline.spec.kafka.cluster, strimzi_namespace(pipeline)
    if cluster is None or namespace is None:
        raise ValueError(f"{key} does not use a Kafka of Strimzi's")
    world.references.use(key, Reference(KAFKA, namespace, cluster.name))
    if not all(world.presence.served(kind) for kind in STRIMZI):
        return _neither(
            "StrimziNotInstalled",
            "this cluster knows no kafka.strimzi.io/v1: install Strimzi, or use spec.kafka.bootstrapServers",
        )
    if not world.sees(namespace):
        return _neither(
            "KafkaNotFound", f"the operator does not work in namespace {namespace}: add it to its --watch-namespaces"
        )
    kafka = world.cache.get(KAFKA, namespace, cluster.name)
    if kafka is None:
        return _neither("KafkaNotFound", f"there is no Kafka {cluster.name} in namespace {namespace}: create it")
    topics = provision_topics(pipeline, plan, cluster.name, namespace, world)
    listener = choose_listener(kafka)
    if listener is None:
        message = f"Kafka {namespace}/{cluster.name} has told no address of a listener that workers can use"
        return KafkaParts(topics, Credentials(Finding(ready=False, reason="KafkaNotReady", message=message)))
    return KafkaParts(topics, provision_credentials(pipeline, plan, Cluster(cluster.name, namespace, listener), world))


def _neither(reason: str, message: str) -> KafkaParts:
    finding = Finding(ready=False, reason=reason, message=message)
    return KafkaParts(finding, Credentials(finding))
