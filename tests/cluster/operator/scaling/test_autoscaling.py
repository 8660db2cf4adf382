"""Autoscaling against a real API server and a real broker: workers follow the images that wait."""

from collections.abc import Callable
from typing import Any

import pytest

from darkroom_cli.local_kafka import LocalKafka
from tests.support.kafka import SharedKafka
from tests.support.scaling.autoscaled_site import autoscaling, manifest, replicas, send, status_of
from tests.support.services.operator import Site
from tests.support.until import until

STARTING_S = 120.0
TICKS_S = 60.0
AUTOSCALER = "darkroom-autoscaler"
FAST = ("--scaling-seconds", "3")


@pytest.fixture
def autoscaled(here: Site, kafka: SharedKafka) -> Site:
    """A site with everything running, whose operator decides every three seconds."""
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    here.start_operator(*FAST)
    return here


def _deployment(here: Site) -> dict[str, Any]:
    found = here.find("deployments", "digits-classify")
    assert found is not None
    return found


def _pods(here: Site) -> set[str]:
    """The UIDs of the workers' pods that are not being deleted."""
    found = here.api.get(here.path("pods"), labelSelector="darkroom.dev/stage=classify")["items"]
    return {pod["metadata"]["uid"] for pod in found if "deletionTimestamp" not in pod["metadata"]}


def _owners(here: Site) -> set[str]:
    """The field managers of the replicas."""
    fields = _deployment(here)["metadata"]["managedFields"]
    return {entry["manager"] for entry in fields if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


def test_workers_go_when_no_image_comes_and_come_with_the_first(autoscaled: Site, kafka: SharedKafka) -> None:
    here = autoscaled
    here.apply(manifest(here, {"min": 1, "max": 3, "scaleToZeroAfter": "1s"}))
    here.wait_ready(timeout_s=STARTING_S)
    until(lambda: autoscaling(here).get("reason") == "AtMinimum", "it waits for input", TICKS_S)

    here.apply(manifest(here, {"max": 3, "scaleToZeroAfter": "1s"}))
    until(lambda: replicas(here) == 0, "the worker goes", TICKS_S)
    until(lambda: status_of(here)["workers"] == "0/0", "the status says so", TICKS_S)
    here.wait_ready(timeout_s=STARTING_S)
    until(lambda: "NoInput" in here.events(), "an Event says why")

    send(kafka, here, 8)
    until(lambda: replicas(here) > 0, "the first images start workers", TICKS_S)
    until(lambda: autoscaling(here).get("lag") == 8, "the lag is in the status", TICKS_S)
    assert _owners(here) == {AUTOSCALER}
    until(lambda: "FirstImage" in here.events(), "an Event says why")


def test_replicas_have_one_owner_and_keep_their_number_when_it_changes(autoscaled: Site) -> None:
    here = autoscaled
    here.apply(manifest(here, None, replicas=2))
    here.wait_ready(timeout_s=STARTING_S)
    assert _owners(here) == {"darkroom"}
    pods = _pods(here)
    assert len(pods) == 2

    here.apply(manifest(here, {"min": 2, "max": 3}, replicas=2))
    until(lambda: _owners(here) == {AUTOSCALER}, "the autoscaler owns the replicas")
    until(lambda: autoscaling(here).get("desired") == 2, "it decides", TICKS_S)
    assert _pods(here) == pods, "with fewer replicas, if only for a moment, one of them would have gone"

    scale = f"{here.path('deployments', 'digits-classify')}/scale"
    here.api.merge(scale, {"spec": {"replicas": 1}})
    until(lambda: replicas(here) == 2, "a number set by hand is set back", TICKS_S)
    assert _owners(here) == {AUTOSCALER}
    until(lambda: "ReplicasRestored" in here.events(), "an Event says so")

    until(lambda: len(_pods(here)) == 2, "two pods run")
    pods = _pods(here)
    here.api.merge(here.path("imagepipelines", "digits"), {"spec": {"stages": _without_autoscaling(here)}})
    until(lambda: _owners(here) == {"darkroom"}, "the operator owns the replicas again")
    assert replicas(here) == 2
    assert _pods(here) == pods
    assert "darkroom.dev/autoscaled" not in _deployment(here)["metadata"]["annotations"]


def test_a_suspended_stage_comes_back_from_zero(autoscaled: Site) -> None:
    here = autoscaled
    here.apply(manifest(here, {"min": 1, "max": 3}))
    here.wait_ready(timeout_s=STARTING_S)
    here.change(suspend=True)
    here.wait_reason("Suspended")
    until(lambda: replicas(here) == 0, "the workers stop")
    here.change(suspend=False)
    until(lambda: replicas(here) == 1, "the minimum runs again", TICKS_S)
    assert _owners(here) == {AUTOSCALER}


def test_unknown_offsets_hold_the_number_of_workers(here: Site, fresh_kafka: Callable[..., LocalKafka]) -> None:
    kafka = fresh_kafka()
    here.start_kubelet()
    here.put_model()
    operator = here.start_operator(*FAST)
    here.apply(manifest(here, {"min": 1, "max": 3}, kafka={"bootstrapServers": kafka.bootstrap_servers}))
    here.wait_ready(timeout_s=STARTING_S)
    until(lambda: autoscaling(here).get("reason") == "Enough", "it decides", TICKS_S)

    kafka.stop()
    until(lambda: autoscaling(here).get("reason") == "UnknownOffsets", "it says so", TICKS_S)
    assert replicas(here) == 1
    assert operator.metric('darkroom_operator_scaling_decisions_total{reason="UnknownOffsets"}') > 0


def test_metrics_only_recommends(autoscaled: Site) -> None:
    here = autoscaled
    here.apply(manifest(here, {"max": 3, "metricsOnly": True}, replicas=1))
    here.wait_ready(timeout_s=STARTING_S)
    assert _owners(here) == {"darkroom"}
    until(lambda: autoscaling(here).get("desired") is not None, "it recommends", TICKS_S)
    assert replicas(here) == 1


def _without_autoscaling(here: Site) -> list[dict[str, Any]]:
    (stage,) = here.api.get(here.path("imagepipelines", "digits"))["spec"]["stages"]
    return [{**{key: value for key, value in stage.items() if key != "autoscaling"}, "replicas": 2}]
