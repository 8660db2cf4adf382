"""KafkaUsers: one for each stage, with its Secret copied to the namespace of the workers."""

from dataclasses import dataclass, replace

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.kafka.strimzi import Listener, cluster_ca_secret, ports
from darkroom.topology import StagePlan, Topology
from darkroom_operator.builders.kafka_secret import kafka_secret
from darkroom_operator.builders.kafka_topic import CLUSTER_LABEL
from darkroom_operator.builders.kafka_user import kafka_user
from darkroom_operator.builders.workload import KafkaAccess, Peer, SecretFiles
from darkroom_operator.cluster.world import OwnedByAnother, World
from darkroom_operator.kafka.credentials import (
    ALL_READY,
    CA,
    CERTIFICATE,
    NOT_NEEDED,
    PASSWORD,
    PRIVATE_KEY,
    Credentials,
    UnusableSecret,
    connection,
    digest,
    secret_keys,
)
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import KAFKA_USER, SECRET
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.status.findings import Finding, combined, refused

SECRET_KEYS = {"scram-sha-512": (PASSWORD,), "tls": (CERTIFICATE, PRIVATE_KEY)}


@dataclass(frozen=True)
class StrimziCluster:
    """A Kafka resource, the listener that workers use, and how access rights are managed.

    Attributes:
        supports_acls: whether the User Operator manages ACLs.
        has_authorization: whether the brokers have an authorizer.
    """

    name: str
    namespace: str
    listener: Listener
    supports_acls: bool
    has_authorization: bool


def provision_users(pipeline: ImagePipeline, plan: Topology, cluster: StrimziCluster, world: World) -> Credentials:
    """Request a user for every stage of `plan` from Strimzi. Returns how the workers reach Kafka."""
    access: dict[str, KafkaAccess] = {}
    findings = []
    for stage in plan.stages:
        found = _provision(pipeline, stage, cluster, world)
        if isinstance(found, KafkaAccess):
            access[stage.name] = found
        else:
            findings.append(found)
    good = ALL_READY if cluster.listener.authentication or cluster.listener.tls else NOT_NEEDED
    return Credentials(combined(findings, _with_note(good, cluster)), access)


def withdraw_users(key: PipelineKey, world: World) -> None:
    """Delete the users of a pipeline and the copies of their credentials."""
    for live in world.cache.owned(KAFKA_USER, key):
        world.remove(KAFKA_USER, live)
    for live in world.cache.owned(SECRET, key):
        # In the namespace of the Kafka, Strimzi's own Secrets have the labels too.
        if live["metadata"]["namespace"] == key.namespace:
            world.remove(SECRET, live)


def _with_note(good: Finding, cluster: StrimziCluster) -> Finding:
    """`good`, with a note if the access rights of the pipeline are not enforced."""
    name = f"Kafka {cluster.namespace}/{cluster.name}"
    if cluster.supports_acls:
        return good
    if cluster.has_authorization:
        note = f"{name} has custom authorization without ACL support: give the users of the pipeline their rights there"
    else:
        note = f"{name} has no spec.kafka.authorization: every user may read and write all topics"
    return replace(good, message=f"{good.message}; {note}")


def user_finding(live: Manifest) -> Finding:
    """The User Operator's report on a KafkaUser."""
    metadata, status = live["metadata"], live.get("status", {})
    name = f"KafkaUser {metadata['namespace']}/{metadata['name']}"
    conditions = {c["type"]: c for c in status.get("conditions", []) if c.get("status") == "True"}
    if status.get("observedGeneration") == metadata.get("generation") and "deletionTimestamp" not in metadata:
        if "Ready" in conditions:
            return ALL_READY
        if "NotReady" in conditions:
            why = conditions["NotReady"]
            message = f"{name}: {why.get('reason', 'Unknown')}: {why.get('message', '')}"
            return Finding(ready=False, reason="UserRefused", message=message)
    message = f"{name} has no status yet: is the User Operator of this cluster running?"
    return Finding(ready=False, reason="WaitingForUserOperator", message=message)


def _provision(
    pipeline: ImagePipeline, stage: StagePlan, cluster: StrimziCluster, world: World
) -> KafkaAccess | Finding:
    authentication = cluster.listener.authentication
    # The user is created even if this listener requires no credentials, because another listener may.
    wanted = kafka_user(
        pipeline,
        stage,
        cluster.name,
        cluster.namespace,
        authentication or "scram-sha-512",
        acls=cluster.supports_acls,
    )
    try:
        live = world.ensure(KAFKA_USER, wanted)
        finding = user_finding(live)
        if authentication is not None and not finding.ready:
            return finding
        return _access(pipeline, stage, cluster, live, world)
    except UnusableSecret as missing:
        return missing.finding
    except OwnedByAnother as error:
        return Finding(ready=False, reason="NameConflict", message=str(error), retry=True)
    except ApiError as error:
        if error.is_transient:
            raise
        return refused(f"credentials of stage {stage.name}", error)


def _access(
    pipeline: ImagePipeline, stage: StagePlan, cluster: StrimziCluster, user: Manifest, world: World
) -> KafkaAccess:
    key = PipelineKey(pipeline.namespace, pipeline.name)
    listener = cluster.listener
    secrets: list[SecretFiles] = []
    status = user.get("status", {})
    if listener.authentication is not None:
        files = {name: name for name in SECRET_KEYS[listener.authentication]}
        secrets.append(SecretFiles(status.get("secret") or user["metadata"]["name"], files))
    if listener.tls:
        secrets.append(SecretFiles(cluster_ca_secret(cluster.name), {CA: CA}))
    content: dict[str, bytes] = {}
    for secret in secrets:
        content |= secret_keys(world, key, cluster.namespace, secret.secret, secret.files)
    if secrets and cluster.namespace != pipeline.namespace:
        world.ensure(SECRET, kafka_secret(pipeline, stage, content))
        copy = names.kafka_secret(pipeline.name, stage.name)
        secrets = [SecretFiles(copy, {name: name for name in sorted(content)})]
    username = status.get("username") or user["metadata"]["name"]
    return KafkaAccess(
        connection=connection(listener.bootstrap_servers, set(content), tls=listener.tls, username=username),
        secrets=tuple(secrets),
        digest=digest(content),
        peer=_peer(cluster),
    )


def _peer(cluster: StrimziCluster) -> Peer:
    """The pods of the brokers; only the ports if the brokers are outside the Kubernetes cluster."""
    reachable = ports(cluster.listener.bootstrap_servers)
    if not cluster.listener.internal:
        return Peer(reachable)
    return Peer(reachable, cluster.namespace, {CLUSTER_LABEL: cluster.name, "strimzi.io/kind": "Kafka"})
