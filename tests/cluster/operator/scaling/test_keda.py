"""Stages that KEDA scales, against KEDA's own CRDs: its ScaledObject, and who owns the replicas before and after."""

from typing import Any

from tests.support.kafka import SharedKafka
from tests.support.kube.api import Manifest
from tests.support.services.operator import Site
from tests.support.until import until

WAIT_S = 60.0


def _manifest(here: Site, **autoscaling: Any) -> Manifest:
    manifest = here.manifest(images={"partitions": 4})
    manifest["spec"]["stages"][0]["autoscaling"] = {"min": 1, "max": 9, **autoscaling}
    return manifest


def _owners(here: Site) -> set[str]:
    fields = here.api.get(here.path("deployments", "digits-classify"))["metadata"]["managedFields"]
    return {entry["manager"] for entry in fields if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


def test_keda_gets_a_scaled_object_and_the_replicas_and_gives_them_back(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    here.start_operator("--scaling-seconds", "3")
    here.apply(_manifest(here, keda=True, drainTarget="30s", scaleToZeroAfter="90s"))
    here.wait_ready(timeout_s=120.0)

    scaled = here.api.get(here.path("scaledobjects", "digits-classify"))
    spec = scaled["spec"]
    assert spec["scaleTargetRef"]["name"] == "digits-classify"
    assert (spec["minReplicaCount"], spec["maxReplicaCount"], spec["cooldownPeriod"]) == (1, 4, 90)
    (trigger,) = spec["triggers"]
    assert trigger["metadata"]["lagThreshold"] == "300", "10 images per second in 30 s"
    assert trigger["metadata"]["consumerGroup"] == f"{here.namespace}.digits.classify"

    # KEDA scales through the scale subresource, as a HorizontalPodAutoscaler does.
    here.api.merge(here.path("deployments", "digits-classify") + "/scale", {"spec": {"replicas": 3}})
    until(
        lambda: here.wait_ready(timeout_s=WAIT_S)["status"]["stages"][0]["replicas"] == 3, "the status follows", WAIT_S
    )
    here.change(images={"retention": "2h", "partitions": 4, "replicas": 1, "maxBytes": "100k"})
    here.wait_ready(timeout_s=WAIT_S)
    assert here.api.get(here.path("deployments", "digits-classify"))["spec"]["replicas"] == 3
    assert not _owners(here) & {"darkroom", "darkroom-autoscaler"}

    here.apply(_manifest(here, min=3))
    here.wait_gone("scaledobjects", "digits-classify")
    # The autoscaler owns the field once it has something to change.
    here.api.merge(here.path("deployments", "digits-classify") + "/scale", {"spec": {"replicas": 2}})
    until(lambda: _owners(here) == {"darkroom-autoscaler"}, "the autoscaler sets the replicas", WAIT_S)
    assert here.api.get(here.path("deployments", "digits-classify"))["spec"]["replicas"] == 3
