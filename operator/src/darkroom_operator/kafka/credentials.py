"""Kafka credentials of the workers: what each stage connects with, and where Kubernetes takes it from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from darkroom.api.pipeline import ImagePipeline, Kafka
from darkroom.kafka.connection import KafkaConnection, Scram, TlsFiles
from darkroom.kafka.strimzi import ports
from darkroom_operator.builders.workload import CREDENTIALS_FOLDER, KafkaAccess, Peer, SecretFiles
from darkroom_operator.cluster.world import World
from darkroom_operator.runtime.work_queue import Key
from darkroom_operator.status.findings import Finding

USERNAME, PASSWORD, CA = "username", "password", "ca.crt"
CERTIFICATE, PRIVATE_KEY = "user.crt", "user.key"

NOT_NEEDED = Finding(ready=True, reason="NotNeeded", message="this Kafka asks for no credentials")
ALL_READY = Finding(ready=True, reason="AllReady", message="every stage has its credentials")


@dataclass(frozen=True)
class Credentials:
    """What was found, and the way to Kafka of every stage that has one."""

    finding: Finding
    access: Mapping[str, KafkaAccess] = field(default_factory=dict)


class MissingSecret(Exception):
    """A Secret, or a key of one, that is not there."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def secret_keys(world: World, key: Key, namespace: str, name: str, wanted: Mapping[str, str]) -> dict[str, bytes]:
    """The content of the keys of a Secret, by the file name that `wanted` gives to each key.

    Raises:
        MissingSecret: it is not there, or lacks one of the keys.
    """
    content = world.references.secret(key, namespace, name)
    if content is None:
        message = f"there is no Secret {name} in namespace {namespace}: create it"
        raise MissingSecret(Finding(ready=False, reason="SecretNotFound", message=message, retry=True))
    if absent := sorted(set(wanted) - set(content)):
        message = f"Secret {namespace}/{name} has no key {', '.join(absent)}: add it"
        raise MissingSecret(Finding(ready=False, reason="SecretKeyNotFound", message=message, retry=True))
    return {file: content[secret_key] for secret_key, file in wanted.items()}


def digest(files: Mapping[str, bytes]) -> str:
    """Changes when the content of a file does; says nothing about it."""
    if not files:
        return ""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name} {len(content)} ".encode())
        whole.update(content)
    return whole.hexdigest()[:16]


def connection(bootstrap_servers: str, files: set[str], *, tls: bool, username: str | None = None) -> KafkaConnection:
    """The connection of a worker that has `files` in its credentials folder."""

    def path(name: str) -> Path | None:
        return Path(CREDENTIALS_FOLDER / name) if name in files else None

    password = path(PASSWORD)
    return KafkaConnection(
        bootstrap_servers=bootstrap_servers,
        tls=TlsFiles(ca_file=path(CA), certificate_file=path(CERTIFICATE), key_file=path(PRIVATE_KEY)) if tls else None,
        scram=Scram(username=username, username_file=path(USERNAME), password_file=password) if password else None,
    )


def user_credentials(pipeline: ImagePipeline, world: World) -> Credentials:
    """Credentials for a Kafka that we do not manage: the Secrets that the pipeline names."""
    kafka = pipeline.spec.kafka
    servers = kafka.bootstrap_servers or ""
    wanted = wanted_keys(kafka)
    try:
        files = read_user_files(pipeline, world)
    except MissingSecret as missing:
        return Credentials(missing.finding)
    access = KafkaAccess(
        connection=connection(servers, set(files), tls=kafka.tls is not None),
        secrets=tuple(SecretFiles(secret, keys) for secret, keys in wanted),
        digest=digest(files),
        peer=Peer(ports(servers)),
    )
    finding = ALL_READY if files else NOT_NEEDED
    return Credentials(finding, {stage.name: access for stage in pipeline.spec.stages})


def read_user_files(pipeline: ImagePipeline, world: World) -> dict[str, bytes]:
    """The content of every credentials file, from the Secrets that the pipeline names.

    Raises:
        MissingSecret: one is not there.
    """
    key = Key(pipeline.namespace, pipeline.name)
    files: dict[str, bytes] = {}
    for secret, keys in wanted_keys(pipeline.spec.kafka):
        files |= secret_keys(world, key, pipeline.namespace, secret, keys)
    return files


def wanted_keys(kafka: Kafka) -> list[tuple[str, dict[str, str]]]:
    """The Secrets that `kafka` names, and for each the file that every key of it becomes."""
    wanted: list[tuple[str, dict[str, str]]] = []
    if kafka.tls is not None and kafka.tls.ca_secret is not None:
        wanted.append((kafka.tls.ca_secret.name, {kafka.tls.ca_secret.key: CA}))
    if kafka.authentication is not None:
        files = (USERNAME, PASSWORD) if kafka.authentication.type == "ScramSha512" else (CERTIFICATE, PRIVATE_KEY)
        wanted.append((kafka.authentication.secret.name, {file: file for file in files}))
    return wanted
