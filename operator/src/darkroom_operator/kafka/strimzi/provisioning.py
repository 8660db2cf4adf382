"""Find the Kafka resource of a pipeline, and have Strimzi create its topics and users."""

from darkroom.api.pipeline import ImagePipeline
from darkroom.kafka.consent import ALLOWED_NAMESPACES, Consent, consent
from darkroom.kafka.strimzi import choose_listener, has_authorization, supports_acls
from darkroom.topology import Topology
from darkroom_operator.cluster.references import Reference
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.credentials import Credentials
from darkroom_operator.kafka.state import KafkaState
from darkroom_operator.kafka.strimzi.observer import observer_settings
from darkroom_operator.kafka.strimzi.topics import provision_topics
from darkroom_operator.kafka.strimzi.users import StrimziCluster, provision_users
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import KAFKA, STRIMZI
from darkroom_operator.status.findings import Finding


def strimzi_namespace(pipeline: ImagePipeline) -> str | None:
    """The namespace of the pipeline's KafkaTopics and KafkaUsers; None if Strimzi does not manage its Kafka."""
    cluster = pipeline.spec.kafka.cluster
    return None if cluster is None else cluster.namespace or pipeline.namespace


def provision_kafka(
    key: PipelineKey, pipeline: ImagePipeline, plan: Topology, observer: str, world: World
) -> KafkaState:
    """Request the topics and users of `plan` from Strimzi. Returns their state.

    `observer` is the name of the KafkaUser with which the operator reads offsets.
    """
    cluster, namespace = pipeline.spec.kafka.cluster, strimzi_namespace(pipeline)
    if cluster is None or namespace is None:
        raise ValueError(f"{key} does not name a Kafka resource")
    world.references.add(key, Reference(KAFKA, namespace, cluster.name))
    if not all(world.served_kinds.has(kind) for kind in STRIMZI):
        return _unavailable(
            "StrimziNotInstalled",
            "the API server does not serve kafka.strimzi.io/v1: install Strimzi, or use spec.kafka.bootstrapServers",
        )
    if not world.includes(namespace):
        return _unavailable(
            "KafkaNotFound", f"the operator does not watch namespace {namespace}: add it to its --watch-namespaces"
        )
    kafka = world.cache.get(KAFKA, namespace, cluster.name)
    if kafka is None:
        return _unavailable("KafkaNotFound", f"there is no Kafka {cluster.name} in namespace {namespace}: create it")
    if (decision := consent(kafka, pipeline.namespace)) != "Given":
        return _not_allowed(f"{namespace}/{cluster.name}", pipeline.namespace, decision)
    topics = provision_topics(pipeline, plan, cluster.name, namespace, world)
    listener = choose_listener(kafka)
    if listener is None:
        message = f"the status of Kafka {namespace}/{cluster.name} has no address of a listener that workers can use"
        return KafkaState(topics, Credentials(Finding(ready=False, reason="KafkaNotReady", message=message)))
    found = StrimziCluster(cluster.name, namespace, listener, supports_acls(kafka), has_authorization(kafka))
    reads_offsets = any(stage.autoscaling is not None for stage in plan.stages)
    return KafkaState(
        topics,
        provision_users(pipeline, plan, found, world),
        observer_settings(key, found, observer, world) if reads_offsets else None,
    )


def _not_allowed(kafka: str, namespace: str, decision: Consent) -> KafkaState:
    """Nothing is created. Workers that run already go on if there is no annotation, and are stopped if there is one."""
    advice = f"add the namespace to its annotation {ALLOWED_NAMESPACES}"
    message = f"Kafka {kafka} does not allow pipelines of namespace {namespace}: {advice}"
    finding = Finding(ready=False, reason="KafkaNotAllowed", message=message)
    return KafkaState(finding, Credentials(finding), withdrawn=decision == "Refused")


def _unavailable(reason: str, message: str) -> KafkaState:
    finding = Finding(ready=False, reason=reason, message=message)
    return KafkaState(finding, Credentials(finding))
