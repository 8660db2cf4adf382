"""ScaledObjects of KEDA."""

from typing import Any

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.topology import topology
from darkroom_operator.builders.keda import keda_secret, scaled_object, trigger_authentication
from tests.unit.operator.builders.cases import SMALL, manifest_of


def _built(*, rate: float = 4.0, authenticates: bool = True, **autoscaling: Any) -> dict[str, Any]:
    manifest = manifest_of("small")
    manifest["spec"]["images"] = {"partitions": 12}
    stage = manifest["spec"]["stages"][0]
    stage["autoscaling"] = {"max": 20, "keda": True, **autoscaling}
    stage["resources"] = {"limits": {"cpu": 2}}
    pipeline = parse_pipeline(manifest)
    (plan,) = topology(pipeline).stages
    assert plan.autoscaling is not None
    connection = SMALL.kafka.connection
    return scaled_object(pipeline, plan, plan.autoscaling, connection, rate, authenticates=authenticates)


def test_there_are_no_more_workers_than_have_partitions() -> None:
    assert _built()["spec"]["maxReplicaCount"] == 6, "a worker with 2 CPUs reads 2 of 12 partitions"
    assert _built(max=4)["spec"]["maxReplicaCount"] == 4
    assert _built(min=8)["spec"]["minReplicaCount"] == 6


@pytest.mark.parametrize(("rate", "drain_target", "threshold"), [(4.0, "60s", "240"), (0.001, "1s", "1")])
def test_the_lag_threshold_is_what_a_worker_does_within_drain_target(
    rate: float, drain_target: str, threshold: str
) -> None:
    (trigger,) = _built(rate=rate, drainTarget=drain_target)["spec"]["triggers"]
    assert trigger["metadata"]["lagThreshold"] == threshold


def test_keda_logs_in_as_the_workers_do() -> None:
    (trigger,) = _built()["spec"]["triggers"]
    assert (trigger["metadata"]["sasl"], trigger["metadata"]["tls"]) == ("scram_sha512", "enable")
    pipeline = parse_pipeline(manifest_of("small"))
    (plan,) = topology(pipeline).stages
    parameters = {"username": b"me", "password": b"secret", "ca": b"PEM"}
    authentication, secret = (
        trigger_authentication(pipeline, plan, parameters),
        keda_secret(pipeline, plan, parameters),
    )
    assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    references = authentication["spec"]["secretTargetRef"]
    assert {reference["parameter"] for reference in references} == {"username", "password", "ca"}
    assert all(reference["name"] == secret["metadata"]["name"] for reference in references)
    assert secret["data"] == {"username": "bWU=", "password": "c2VjcmV0", "ca": "UEVN"}
    assert "authenticationRef" not in _built(authenticates=False)["spec"]["triggers"][0]
