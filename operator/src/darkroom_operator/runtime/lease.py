"""The Lease object: whether a replica may take it, and its next version."""

from datetime import UTC, datetime

from darkroom_operator.kube.kinds import LEASE
from darkroom_operator.kube.transport import Manifest


def may_take(live: Manifest, identity: str, *, unchanged_s: float, default_duration_s: float) -> bool:
    """Whether the replica `identity` may acquire or renew the Lease.

    It may if it holds the Lease, if no replica does, or if the Lease has not changed for longer than its duration.
    """
    spec = live["spec"]
    is_free = spec.get("holderIdentity") in {identity, "", None}
    return is_free or unchanged_s > spec.get("leaseDurationSeconds", default_duration_s)


def held_lease(live: Manifest | None, namespace: str, name: str, identity: str, duration_s: int) -> Manifest:
    """The next version of the Lease, with `identity` as its holder. `live` is None if there is no Lease."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {} if live is None else live["spec"]
    is_renewal = spec.get("holderIdentity") == identity
    is_transition = live is not None and not is_renewal
    return {
        "apiVersion": LEASE.api_version,
        "kind": LEASE.name,
        "metadata": {"name": name, "namespace": namespace} if live is None else live["metadata"],
        "spec": {
            "holderIdentity": identity,
            "leaseDurationSeconds": duration_s,
            "acquireTime": spec.get("acquireTime", now) if is_renewal else now,
            "renewTime": now,
            "leaseTransitions": spec.get("leaseTransitions", 0) + (1 if is_transition else 0),
        },
    }


def released_lease(live: Manifest) -> Manifest:
    """The next version of the Lease, without a holder."""
    return {**live, "spec": {**live["spec"], "holderIdentity": ""}}
