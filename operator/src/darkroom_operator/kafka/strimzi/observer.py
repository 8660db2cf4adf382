"""How the operator itself reads offsets of a Kafka that Strimzi manages: as a user that may only describe."""

from darkroom.kafka.connection import ClientSettings
from darkroom.kafka.strimzi import cluster_ca_secret
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.credentials import CA, UnusableSecret, operator_settings, secret_keys
from darkroom_operator.kafka.strimzi.users import SECRET_KEYS, StrimziCluster
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.status.findings import Finding


def observer_settings(key: PipelineKey, cluster: StrimziCluster, user: str, world: World) -> ClientSettings | Finding:
    """Settings of a client that logs in as the KafkaUser `user`; a finding if that user has no credentials."""
    listener = cluster.listener
    files: dict[str, bytes] = {}
    try:
        if listener.tls:
            files |= secret_keys(world, key, cluster.namespace, cluster_ca_secret(cluster.name), {CA: CA})
        if listener.authentication is not None:
            wanted = {name: name for name in SECRET_KEYS[listener.authentication]}
            files |= secret_keys(world, key, cluster.namespace, user, wanted)
    except UnusableSecret as missing:
        message = (
            f"{missing.finding.message}: Kafka {cluster.namespace}/{cluster.name} needs a KafkaUser {user} that may "
            "Describe topics and groups (operator.kafka.clusters of the chart)"
        )
        return Finding(ready=False, reason="UnknownOffsets", message=message)
    return operator_settings(listener.bootstrap_servers, files, tls=listener.tls, username=user)
