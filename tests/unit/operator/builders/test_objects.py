"""A pipeline goes in, objects come out: built/<case>.pipeline.yaml and built/<case>.objects.yaml."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.validation import parse_pipeline
from darkroom.stage_settings import StageSettings
from darkroom.topology import StagePlan, topology
from darkroom_operator.builders.deployment import deployment
from darkroom_operator.builders.disruption_budget import disruption_budget
from darkroom_operator.builders.kafka_secret import kafka_secret
from darkroom_operator.builders.kafka_topic import kafka_topic
from darkroom_operator.builders.kafka_user import kafka_user
from darkroom_operator.builders.network_policy import network_policy
from darkroom_operator.builders.pod_monitor import pod_monitor
from darkroom_operator.builders.service_account import service_account
from darkroom_operator.builders.settings import loops, settings_map
from darkroom_operator.builders.workload import (
    Fetched,
    KafkaAccess,
    ModelFiles,
    MountedFile,
    Peer,
    SecretFiles,
    WorkerImage,
    Workload,
)
from darkroom_operator.kafka.credentials import connection

BUILT = Path(__file__).parent / "built"

SMALL = Workload(
    image=WorkerImage("example.org/inference:1.2.3"),
    kafka=KafkaAccess(
        connection=connection(
            "events-kafka-bootstrap.kafka.svc:9093", {"password", "ca.crt"}, tls=True, username="demo.digits.classify"
        ),
        secrets=(SecretFiles("digits-classify-kafka", {"ca.crt": "ca.crt", "password": "password"}),),
        digest="credentials-1",
        peer=Peer((9093,), "kafka", {"strimzi.io/cluster": "events", "strimzi.io/kind": "Kafka"}),
    ),
    files=ModelFiles(
        MountedFile(
            {"configMap": {"name": "digits-model", "items": [{"key": "digits.onnx", "path": "digits.onnx"}]}},
            "digits.onnx",
            "model-1",
        )
    ),
)
FULL = Workload(
    image=WorkerImage("example.org/inference:1.2.3", "Always"),
    kafka=KafkaAccess(
        connection=connection("b1:9092,b2:9093", {"user.crt", "user.key"}, tls=True),
        secrets=(SecretFiles("street-user", {"user.crt": "user.crt", "user.key": "user.key"}),),
        digest="credentials-2",
        peer=Peer((9092, 9093)),
    ),
    files=ModelFiles(
        Fetched(9000),
        MountedFile({"persistentVolumeClaim": {"claimName": "labels", "readOnly": True}}, "cars/names.txt"),
    ),
)
CASES = {"small": SMALL, "full": FULL}


def built(case: str) -> list[dict[str, Any]]:
    """Every object of the first stage, and the topics."""
    pipeline, stage = _pipeline(case)
    workload = CASES[case]
    objects = [kafka_topic(pipeline, topic, "events", "kafka") for topic in topology(pipeline).topics]
    objects.append(kafka_user(pipeline, stage, "events", "kafka", "scram-sha-512"))
    objects.append(kafka_secret(pipeline, stage, {"password": b"secret"}))
    objects.append(settings_map(pipeline, stage, workload))
    objects += [build(pipeline, stage) for build in (service_account, disruption_budget, pod_monitor)]
    return [*objects, network_policy(pipeline, stage, workload), deployment(pipeline, stage, workload)]


@pytest.mark.parametrize("case", CASES)
def test_a_pipeline_becomes_these_objects(case: str) -> None:
    expected = list(yaml.safe_load_all((BUILT / f"{case}.objects.yaml").read_text()))
    made = built(case)
    assert [(o["kind"], o["metadata"]["name"]) for o in made] == [(o["kind"], o["metadata"]["name"]) for o in expected]
    for one, other in zip(made, expected, strict=True):
        assert one == other


@pytest.mark.parametrize("case", CASES)
def test_a_worker_can_read_its_settings(case: str) -> None:
    pipeline, stage = _pipeline(case)
    document = settings_map(pipeline, stage, CASES[case])["data"]["stage.json"]
    settings = StageSettings.model_validate_json(document)
    assert (settings.pipeline, settings.stage.name, settings.consumer_group) == (
        pipeline.name,
        stage.name,
        stage.consumer_group,
    )


def test_more_workers_or_other_topic_settings_do_not_roll_the_workers() -> None:
    before = _template("small")
    after = _template("small", lambda m: m["spec"].update(replicas=7, images={"retention": "1h", "partitions": 24}))
    assert before == after


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["spec"]["stages"][0].update(maxAttempts=9),
        lambda m: m["spec"]["stages"][0].update(resources={"limits": {"cpu": 4}}),
        lambda m: m["spec"]["stages"][0]["output"].update(topK=1),
        lambda m: m["spec"].update(images={"maxBytes": "1Mi"}),
    ],
)
def test_what_a_worker_acts_on_rolls_the_workers(change: Any) -> None:
    assert _template("small") != _template("small", change)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, 1),
        ({"limits": {"cpu": "500m"}}, 1),
        ({"limits": {"cpu": "2500m"}}, 2),
        ({"limits": {"cpu": 16}, "requests": {"cpu": 2}}, 16),
        ({"requests": {"cpu": "3"}}, 3),
    ],
)
def test_a_worker_has_a_loop_for_each_whole_cpu(resources: dict[str, Any], expected: int) -> None:
    manifest = _manifest("small")
    manifest["spec"]["stages"][0]["resources"] = resources
    assert loops(parse_pipeline(manifest).spec.stages[0]) == expected


def test_the_pods_pass_the_restricted_pod_security_standard() -> None:
    pod = deployment(*_pipeline("full"), FULL)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    allowed = {"configMap", "emptyDir", "projected", "persistentVolumeClaim", "name"}
    assert all(set(volume) <= allowed for volume in pod["volumes"])
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


def test_only_a_topic_that_goes_with_its_pipeline_has_an_owner() -> None:
    manifest = _manifest("small")
    for policy, namespace, owners in (("Retain", "demo", 0), ("Delete", "demo", 1), ("Delete", "kafka", 0)):
        manifest["spec"]["deletionPolicy"] = policy
        pipeline = parse_pipeline(manifest)
        topic = kafka_topic(pipeline, topology(pipeline).images, "events", namespace)
        assert len(topic["metadata"].get("ownerReferences", [])) == owners, (policy, namespace)


def test_a_copied_secret_holds_what_was_copied() -> None:
    secret = kafka_secret(*_pipeline("small"), {"password": b"\x00\xff"})
    assert base64.b64decode(secret["data"]["password"]) == b"\x00\xff"


def _template(case: str, change: Callable[[dict[str, Any]], object] = dict) -> str:
    manifest = _manifest(case)
    change(manifest)
    pipeline = parse_pipeline(manifest)
    stage = topology(pipeline).stages[0]
    return json.dumps(deployment(pipeline, stage, CASES[case])["spec"]["template"])


def _pipeline(case: str) -> tuple[ImagePipeline, StagePlan]:
    pipeline = parse_pipeline(_manifest(case))
    return pipeline, topology(pipeline).stages[0]


def _manifest(case: str) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load((BUILT / f"{case}.pipeline.yaml").read_text())
    return manifest
