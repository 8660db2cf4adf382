"""Which replica may take the Lease, and the Lease's next version."""

from typing import Any

import pytest

from darkroom_operator.runtime.lease import held_lease, may_take, released_lease


def a_lease(holder: str | None = "other", duration_s: int = 15) -> dict[str, Any]:
    return {
        "metadata": {"name": "x", "namespace": "demo", "resourceVersion": "7"},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": duration_s,
            "acquireTime": "2026-01-01T00:00:00.000000Z",
            "leaseTransitions": 4,
        },
    }


@pytest.mark.parametrize(
    ("lease", "unchanged_s", "expected"),
    [
        (a_lease("me"), 0.0, True),
        (a_lease(""), 0.0, True),
        (a_lease(None), 0.0, True),
        (a_lease("other"), 15.0, False),
        (a_lease("other"), 15.1, True),
        (a_lease("other", duration_s=60), 15.1, False),
    ],
)
def test_a_replica_takes_its_own_a_free_and_an_expired_lease(
    lease: dict[str, Any], unchanged_s: float, expected: bool
) -> None:
    assert may_take(lease, "me", unchanged_s=unchanged_s, default_duration_s=15) is expected


def test_a_renewal_keeps_the_time_of_the_acquisition() -> None:
    spec = held_lease(a_lease("me"), "demo", "x", "me", 15)["spec"]
    assert (spec["acquireTime"], spec["leaseTransitions"]) == ("2026-01-01T00:00:00.000000Z", 4)
    assert spec["renewTime"] > spec["acquireTime"]


def test_another_holder_is_a_transition_of_the_same_version() -> None:
    lease = held_lease(a_lease("other"), "demo", "x", "me", 15)
    assert lease["metadata"]["resourceVersion"] == "7"
    assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("me", 5)
    assert lease["spec"]["acquireTime"] == lease["spec"]["renewTime"]


def test_the_first_lease_has_no_transition() -> None:
    lease = held_lease(None, "demo", "x", "me", 15)
    assert lease["metadata"] == {"name": "x", "namespace": "demo"}
    assert lease["spec"]["leaseTransitions"] == 0


def test_a_released_lease_is_free() -> None:
    assert may_take(released_lease(a_lease("other")), "me", unchanged_s=0, default_duration_s=15)
