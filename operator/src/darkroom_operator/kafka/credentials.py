"""Kafka credentials of the workers of each stage, and the Secrets that they come from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from darkroom.kafka.connection import (
    SCRAM_MECHANISM,
    ClientSettings,
    KafkaConnection,
    Scram,
    TlsFiles,
    client_settings,
)
from darkroom_operator.builders.workload import CREDENTIALS_FOLDER, KafkaAccess
from darkroom_operator.cluster.world import World
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.status.findings import Finding

CLIENT_ID = "darkroom-operator"
USERNAME, PASSWORD, CA = "username", "password", "ca.crt"
CERTIFICATE, PRIVATE_KEY = "user.crt", "user.key"

NOT_NEEDED = Finding(ready=True, reason="NotNeeded", message="this Kafka requires no credentials")
ALL_READY = Finding(ready=True, reason="AllReady", message="every stage has its credentials")


@dataclass(frozen=True)
class Credentials:
    """The finding, and how workers reach Kafka, for every stage that has credentials."""

    finding: Finding
    access: Mapping[str, KafkaAccess] = field(default_factory=dict)


class UnusableSecret(Exception):
    """A Secret or a key in it does not exist, or its content cannot be used."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def secret_keys(
    world: World, key: PipelineKey, namespace: str, name: str, wanted: Mapping[str, str]
) -> dict[str, bytes]:
    """The content of some keys of a Secret, by file name. `wanted` gives the file name of each key.

    Raises:
        UnusableSecret: the Secret or one of the keys does not exist, or a key is not text.
    """
    content = world.references.secret(key, namespace, name)
    if content is None:
        message = f"there is no Secret {name} in namespace {namespace}: create it"
        raise UnusableSecret(Finding(ready=False, reason="SecretNotFound", message=message, retry=True))
    if absent := sorted(set(wanted) - set(content)):
        message = f"Secret {namespace}/{name} has no key {', '.join(absent)}: add it"
        raise UnusableSecret(Finding(ready=False, reason="SecretKeyNotFound", message=message, retry=True))
    for secret_key in wanted:
        try:
            content[secret_key].decode()
        except UnicodeDecodeError:
            message = f"Secret {namespace}/{name}: the value of key {secret_key} is not UTF-8 text"
            raise UnusableSecret(Finding(ready=False, reason="SecretKeyInvalid", message=message, retry=True)) from None
    return {file: content[secret_key] for secret_key, file in wanted.items()}


def digest(files: Mapping[str, bytes]) -> str:
    """A hash that changes when the content of a file changes; empty if there are no files."""
    if not files:
        return ""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name} {len(content)} ".encode())
        whole.update(content)
    return whole.hexdigest()[:16]


def operator_settings(
    bootstrap_servers: str, files: Mapping[str, bytes], *, tls: bool, username: str | None = None
) -> ClientSettings:
    """Settings of a client of the operator, with the content of `files` instead of paths.

    `username` is for SCRAM without a file of the user name.
    """
    settings = client_settings(KafkaConnection(bootstrap_servers=bootstrap_servers), CLIENT_ID)
    texts = {name: content.decode() for name, content in files.items()}
    optional = {
        "ssl.ca.pem": texts.get(CA),
        "ssl.certificate.pem": texts.get(CERTIFICATE),
        "ssl.key.pem": texts.get(PRIVATE_KEY),
    }
    if PASSWORD in texts:
        settings["security.protocol"] = "SASL_SSL" if tls else "SASL_PLAINTEXT"
        optional |= {
            "sasl.mechanism": SCRAM_MECHANISM,
            "sasl.username": texts.get(USERNAME, username or "").strip(),
            "sasl.password": texts[PASSWORD].strip(),
        }
    elif tls:
        settings["security.protocol"] = "SSL"
    return settings | {name: value for name, value in optional.items() if value is not None}


def connection(bootstrap_servers: str, files: set[str], *, tls: bool, username: str | None = None) -> KafkaConnection:
    """The connection of a worker with `files` in its credentials folder."""

    def path(name: str) -> Path | None:
        return Path(CREDENTIALS_FOLDER / name) if name in files else None

    password = path(PASSWORD)
    return KafkaConnection(
        bootstrap_servers=bootstrap_servers,
        tls=TlsFiles(ca_file=path(CA), certificate_file=path(CERTIFICATE), key_file=path(PRIVATE_KEY)) if tls else None,
        scram=Scram(username=username, username_file=path(USERNAME), password_file=password) if password else None,
    )
