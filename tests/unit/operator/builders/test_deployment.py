"""Deployments: when they roll their workers, and what their pods may do."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.topology import topology
from darkroom_operator.builders.deployment import deployment
from darkroom_operator.builders.workload import WorkerImage
from tests.unit.operator.builders.cases import CASES, FULL, SMALL, manifest_of, pipeline_of


def test_more_workers_or_other_topic_settings_do_not_roll_the_workers() -> None:
    before = _template("small")
    after = _template("small", lambda m: m["spec"].update(replicas=7, images={"retention": "1h", "partitions": 24}))
    assert before == after


def test_a_change_of_autoscaling_does_not_roll_the_workers() -> None:
    def autoscaled(manifest: dict[str, Any]) -> None:
        manifest["spec"]["stages"][0]["autoscaling"] = {"max": 5}

    assert _template("small") == _template("small", autoscaled)


def test_the_replicas_of_an_autoscaled_stage_belong_to_the_autoscaler() -> None:
    manifest = manifest_of("small")
    manifest["spec"]["stages"][0]["autoscaling"] = {"max": 5}
    pipeline = parse_pipeline(manifest)
    assert "replicas" not in deployment(pipeline, topology(pipeline).stages[0], SMALL)["spec"]


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["spec"]["stages"][0].update(maxAttempts=9),
        lambda m: m["spec"]["stages"][0].update(resources={"limits": {"cpu": 4}}),
        lambda m: m["spec"]["stages"][0]["output"].update(topK=1),
        lambda m: m["spec"].update(images={"maxBytes": "1Mi"}),
    ],
)
def test_a_change_of_the_workers_settings_rolls_them(change: Any) -> None:
    assert _template("small") != _template("small", change)


@pytest.mark.parametrize(
    ("limit", "gpu_image", "expected"),
    [
        ("cpu", "gpu:1", "cpu:1"),
        ("nvidia.com/gpu", "gpu:1", "gpu:1"),
        ("nvidia.com/mig-1g.5gb", "gpu:1", "gpu:1"),
        ("nvidia.com/gpu", "", "cpu:1"),
    ],
)
def test_workers_with_a_gpu_run_the_gpu_image(limit: str, gpu_image: str, expected: str) -> None:
    manifest = manifest_of("small")
    manifest["spec"]["stages"][0]["resources"] = {"limits": {limit: 1}}
    pipeline = parse_pipeline(manifest)
    workload = replace(SMALL, image=WorkerImage("cpu:1", gpu=gpu_image))
    pod = deployment(pipeline, topology(pipeline).stages[0], workload)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == expected
    assert container["resources"] == {"limits": {limit: "1"}}
    reports = pod.get("initContainers", [])
    assert [report["args"][0] for report in reports] == ["execution"] * limit.startswith("nvidia")
    # Otherwise Kubernetes would give it no GPU, or refuse the pod in a restricted namespace.
    assert all(report[field] == container[field] for report in reports for field in ("resources", "securityContext"))


def test_the_pods_pass_the_restricted_pod_security_standard() -> None:
    pod = deployment(*pipeline_of("full"), FULL)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    allowed = {"configMap", "emptyDir", "projected", "persistentVolumeClaim", "name"}
    assert all(set(volume) <= allowed for volume in pod["volumes"])
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


def _template(case: str, change: Callable[[dict[str, Any]], object] = dict) -> str:
    manifest = manifest_of(case)
    change(manifest)
    pipeline = parse_pipeline(manifest)
    stage = topology(pipeline).stages[0]
    return json.dumps(deployment(pipeline, stage, CASES[case])["spec"]["template"])
