"""Which namespaces may use a Kafka resource: its own, and those that its annotation lists."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from darkroom.names import GROUP

ALLOWED_NAMESPACES: Final = f"{GROUP}/allowed-namespaces"
"""Annotation of a Kafka resource: comma-separated namespaces, in which `*` stands for any characters."""

Consent = Literal["Given", "Refused", "NotAsked"]


def consent(kafka: Mapping[str, Any], namespace: str) -> Consent:
    """Whether pipelines of `namespace` may use the resource `kafka`. NotAsked: it does not have the annotation."""
    metadata = kafka["metadata"]
    if metadata.get("namespace") == namespace:
        return "Given"
    patterns = (metadata.get("annotations") or {}).get(ALLOWED_NAMESPACES)
    if patterns is None:
        return "NotAsked"
    return "Given" if any(_matches(pattern.strip(), namespace) for pattern in patterns.split(",")) else "Refused"


def _matches(pattern: str, namespace: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), namespace) is not None
