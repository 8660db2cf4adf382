"""Credentials from the Secrets that a pipeline names."""

from darkroom.api.pipeline import ImagePipeline, Kafka
from darkroom.kafka.strimzi import ports
from darkroom_operator.builders.workload import KafkaAccess, Peer, SecretFiles
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.credentials import (
    ALL_READY,
    CA,
    CERTIFICATE,
    NOT_NEEDED,
    PASSWORD,
    PRIVATE_KEY,
    USERNAME,
    Credentials,
    UnusableSecret,
    connection,
    digest,
    secret_keys,
)
from darkroom_operator.kube.keys import PipelineKey


def named_credentials(pipeline: ImagePipeline, world: World) -> Credentials:
    """The credentials in the Secrets that `pipeline` names; the same for every stage."""
    kafka = pipeline.spec.kafka
    servers = kafka.bootstrap_servers or ""
    try:
        files = credentials_files(pipeline, world)
    except UnusableSecret as missing:
        return Credentials(missing.finding)
    access = KafkaAccess(
        connection=connection(servers, set(files), tls=kafka.tls is not None),
        secrets=tuple(SecretFiles(secret, keys) for secret, keys in _wanted_keys(kafka)),
        digest=digest(files),
        peer=Peer(ports(servers)),
    )
    finding = ALL_READY if files else NOT_NEEDED
    return Credentials(finding, {stage.name: access for stage in pipeline.spec.stages})


def credentials_files(pipeline: ImagePipeline, world: World) -> dict[str, bytes]:
    """The content of every credentials file, from the Secrets that `pipeline` names.

    Raises:
        UnusableSecret: one of the Secrets or keys does not exist.
    """
    key = PipelineKey(pipeline.namespace, pipeline.name)
    files: dict[str, bytes] = {}
    for secret, keys in _wanted_keys(pipeline.spec.kafka):
        files |= secret_keys(world, key, pipeline.namespace, secret, keys)
    return files


def _wanted_keys(kafka: Kafka) -> list[tuple[str, dict[str, str]]]:
    """The Secrets that `kafka` names, each with the file name of every key."""
    wanted: list[tuple[str, dict[str, str]]] = []
    if kafka.tls is not None and kafka.tls.ca_secret is not None:
        wanted.append((kafka.tls.ca_secret.name, {kafka.tls.ca_secret.key: CA}))
    if kafka.authentication is not None:
        files = (USERNAME, PASSWORD) if kafka.authentication.type == "ScramSha512" else (CERTIFICATE, PRIVATE_KEY)
        wanted.append((kafka.authentication.secret.name, {file: file for file in files}))
    return wanted
