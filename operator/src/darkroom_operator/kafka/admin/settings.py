"""librdkafka settings of the operator's connections."""

import hashlib
import json
from collections.abc import Mapping

from darkroom.api.pipeline import Kafka
from darkroom.kafka.connection import ClientSettings
from darkroom_operator.kafka.credentials import operator_settings


def admin_settings(kafka: Kafka, files: Mapping[str, bytes]) -> ClientSettings:
    """Settings of an Admin client for `kafka`, with the content of `files` instead of paths."""
    return operator_settings(kafka.bootstrap_servers or "", files, tls=kafka.tls is not None)


def fingerprint(*described: object) -> str:
    """A hash of settings, and of what else is described. It does not reveal the secrets in them."""
    return hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()
