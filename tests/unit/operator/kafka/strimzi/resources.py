"""Resources with a status as Strimzi's operators write it."""

from typing import Any

READY = {"type": "Ready", "status": "True"}


def answered(*conditions: dict[str, str], generation: int = 2, observed: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"name": "t", "namespace": "kafka", "generation": generation},
        "status": {"observedGeneration": observed, "conditions": list(conditions)},
    }
