"""How Strimzi writes the status of a resource."""

from datetime import UTC, datetime

from tests.support.kube.api import Manifest


def status_of(resource: Manifest, condition: dict[str, str], **about: str | None) -> Manifest:
    """A status with one condition, for the generation at hand; what is None is taken out of an older status."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    generation = resource["metadata"]["generation"]
    return {"conditions": [{"lastTransitionTime": now, **condition}], "observedGeneration": generation, **about}


def says_already(resource: Manifest, status: Manifest) -> bool:
    """Whether the resource has this status, but for the time."""
    return _timeless(resource.get("status", {})) == _timeless(status)


def _timeless(status: Manifest) -> Manifest:
    conditions = [
        {k: v for k, v in condition.items() if k != "lastTransitionTime"} for condition in status.get("conditions", [])
    ]
    return {**{key: value for key, value in status.items() if value is not None}, "conditions": conditions}
