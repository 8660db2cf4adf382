"""The API server enforces every rule of the CRD, with the message of `darkroom validate`."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from darkroom.api.rules import CHANGE_RULES, RULES
from darkroom.api.validation import InvalidPipeline, check_change, parse_pipeline
from tests.support.kube.api import Api, ApiError
from tests.support.kube.api_server import ApiServer
from tests.support.manifests import pipeline_manifest

Change = Callable[[dict[str, Any]], object]


def _stage(manifest: dict[str, Any]) -> dict[str, Any]:
    stage: dict[str, Any] = manifest["spec"]["stages"][0]
    return stage


SCRAM = {"type": "ScramSha512", "secret": {"name": "s"}}
TLS = {"type": "Tls", "secret": {"name": "s"}}
B = {"bootstrapServers": "b:9092"}
BOX = {"x": 1, "y": 2, "width": 3, "height": 4.5}

# For every rule, by a part of its message: a change that violates it, and a similar change that does not.
CASES: dict[str, tuple[Change, Change]] = {
    "DNS label of at most 40": (
        lambda m: m["metadata"].update(name="a" * 41),
        lambda m: m["metadata"].update(name="a" * 40),
    ),
    "exactly one of cluster": (
        lambda m: m["spec"]["kafka"].update(B),
        lambda m: m["spec"].update(kafka=B),
    ),
    "are only for bootstrapServers": (
        lambda m: m["spec"]["kafka"].update(authentication=SCRAM),
        lambda m: m["spec"].update(kafka={**B, "authentication": SCRAM}),
    ),
    "requires tls": (
        lambda m: m["spec"].update(kafka={**B, "authentication": TLS}),
        lambda m: m["spec"].update(kafka={**B, "authentication": TLS, "tls": {}}),
    ),
    "names must be unique": (
        lambda m: m["spec"]["stages"].append(_stage(m)),
        lambda m: m["spec"]["stages"].append({**_stage(m), "name": "other"}),
    ),
    "must not exceed images.partitions": (
        lambda m: _stage(m).update(replicas=13),
        lambda m: _stage(m).update(replicas=12),
    ),
    "mode Queue is not possible with ExactlyOnce": (
        lambda m: _stage(m).update(mode="Queue", delivery="ExactlyOnce"),
        lambda m: _stage(m).update(mode="Queue", replicas=13),
    ),
    "mode Queue is not possible with a compacted results topic": (
        lambda m: _stage(m).update(mode="Queue", results={"config": {"cleanup.policy": "compact,delete"}}),
        lambda m: _stage(m).update(mode="Queue", results={"config": {"cleanup.policy": "delete"}}),
    ),
    "mode Queue is not possible with autoscaling": (
        lambda m: _stage(m).update(mode="Queue", autoscaling={"max": 4, "metricsOnly": True}),
        lambda m: (_stage(m).update(mode="Queue"), m["spec"].update(replicas=13)),
    ),
    "maxBytes must not exceed 400Mi": (
        lambda m: m["spec"].update(images={"maxBytes": "500Mi"}),
        lambda m: m["spec"].update(images={"maxBytes": 400 * 2**20}),
    ),
    "max.message.bytes": (
        lambda m: _stage(m).update(results={"config": {"max.message.bytes": "1Mi"}}),
        lambda m: _stage(m).update(results={"config": {"max.message.bytes": 1048576}}),
    ),
    "min.insync.replicas": (
        lambda m: _stage(m).update(results={"replicas": 2, "config": {"min.insync.replicas": "3"}}),
        lambda m: _stage(m).update(results={"config": {"min.insync.replicas": 3}}),
    ),
    "ExactlyOnce is not possible": (
        lambda m: _stage(m).update(delivery="ExactlyOnce", results={"config": {"cleanup.policy": "compact,delete"}}),
        lambda m: _stage(m).update(delivery="AtLeastOnce", results={"config": {"cleanup.policy": "compact,delete"}}),
    ),
    "labels and labelsUri": (
        lambda m: _stage(m)["output"].update(labels=["a"], labelsUri="file:x"),
        lambda m: _stage(m)["output"].update(labelsUri="configmap://m/labels.txt"),
    ),
    "does not belong to the type": (
        lambda m: _stage(m)["output"].update(type="Keypoints", format="Ctc"),
        lambda m: _stage(m)["output"].update(type="Keypoints", format="YoloV8"),
    ),
    "only for types with boxes": (
        lambda m: _stage(m)["output"].update(classAgnostic=True),
        lambda m: _stage(m)["output"].update(type="Detection", classAgnostic=True, iouThreshold=0.5),
    ),
    "activation is only for": (
        lambda m: _stage(m)["output"].update(type="Detection", activation="Sigmoid"),
        lambda m: _stage(m)["output"].update(type="MultiLabel", activation="Sigmoid"),
    ),
    "normalize is only for": (
        lambda m: _stage(m)["output"].update(normalize=True),
        lambda m: _stage(m)["output"].update(type="Embedding", normalize=True),
    ),
    "keypointNames is only for": (
        lambda m: _stage(m)["output"].update(type="Detection", keypointNames=["nose"]),
        lambda m: _stage(m)["output"].update(type="Keypoints", keypointNames=["nose"]),
    ),
    "provider Cuda requires": (
        lambda m: _stage(m).update(execution={"provider": "Cuda"}, resources={"limits": {"cpu": 2}}),
        lambda m: _stage(m).update(execution={"provider": "Cuda"}, resources={"limits": {"nvidia.com/gpu": 1}}),
    ),
    "TensorFloat32 is only for": (
        lambda m: _stage(m).update(execution={"precision": "Bfloat16"}),
        lambda m: _stage(m).update(execution={"precision": "Bfloat16", "provider": "OpenVino"}),
    ),
    "window must be at most": (
        lambda m: _stage(m).update(execution={"batch": {"max": 8, "window": "1001ms"}}),
        lambda m: _stage(m).update(execution={"batch": {"max": 8, "window": "1000ms"}}),
    ),
    "replicas or autoscaling": (
        lambda m: _stage(m).update(replicas=2, autoscaling={"max": 3}),
        lambda m: _stage(m).update(replicas=2, autoscaling={"max": 3, "metricsOnly": True}),
    ),
    "min must not exceed autoscaling.max": (
        lambda m: _stage(m).update(autoscaling={"min": 4, "max": 3}),
        lambda m: _stage(m).update(autoscaling={"min": 3, "max": 3}),
    ),
    "keda and metricsOnly": (
        lambda m: _stage(m).update(autoscaling={"max": 3, "keda": True, "metricsOnly": True}),
        lambda m: _stage(m).update(autoscaling={"max": 3, "keda": True}),
    ),
    "mean, std and pad.values": (
        lambda m: _stage(m).update(input={"resize": "Letterbox", "pad": {"values": [1, 2, 3]}, "channels": 1}),
        lambda m: _stage(m).update(input={"mean": [0.1], "std": [0.1, 0.2, 0.3], "channels": 3}),
    ),
    "cropFraction is only": (
        lambda m: _stage(m).update(input={"cropFraction": 0.875}),
        lambda m: _stage(m).update(input={"preset": "ImageNet", "cropFraction": 0.9}),
    ),
    "pad is only": (
        lambda m: _stage(m).update(input={"preset": "Yolo", "resize": "Stretch", "pad": {"value": 114}}),
        lambda m: _stage(m).update(input={"preset": "Yolo", "pad": {"at": "TopLeft"}}),
    ),
    "pad.value and pad.values": (
        lambda m: _stage(m).update(input={"resize": "Letterbox", "pad": {"value": 0, "values": [0]}}),
        lambda m: _stage(m).update(input={"resize": "Letterbox", "pad": {"values": [124, 116, 104]}}),
    ),
    "shortestSide cannot be combined": (
        lambda m: _stage(m).update(input={"shortestSide": 800, "height": 800}),
        lambda m: _stage(m).update(input={"longestSide": 640, "height": 48}),
    ),
    "shortestSide must not exceed": (
        lambda m: _stage(m).update(input={"shortestSide": 801, "longestSide": 800}),
        lambda m: _stage(m).update(input={"shortestSide": 800, "longestSide": 800}),
    ),
    "shrink: false is only": (
        lambda m: _stage(m).update(input={"longestSide": 800, "shrink": False}),
        lambda m: _stage(m).update(input={"shortestSide": 800, "shrink": False}),
    ),
    "must not get environment variables": (
        lambda m: _stage(m).update(template={"env": [{"name": "LD_PRELOAD", "value": "/var/lib/darkroom/model/x.so"}]}),
        lambda m: _stage(m).update(template={"env": [{"name": "OMP_NUM_THREADS", "value": "2"}]}),
    ),
    "only one of value and valueFrom": (
        lambda m: _stage(m).update(template={"env": [{"name": "A", "value": "1", "valueFrom": {}}]}),
        lambda m: _stage(m).update(template={"env": [{"name": "A"}]}),
    ),
    "expect must have": (
        lambda m: _stage(m).update(selfTest=[{"image": "file:a", "expect": {"embedding": [1.5]}}]),
        lambda m: _stage(m).update(selfTest=[{"image": "file:a", "expect": {"predictions": [{"label": "x"}]}}]),
    ),
    "an expected prediction has parts": (
        lambda m: _stage(m).update(selfTest=[{"image": "file:a", "expect": {"predictions": [{"box": BOX}]}}]),
        lambda m: _stage(m).update(
            output={"type": "OrientedDetection"},
            selfTest=[{"image": "file:a", "expect": {"predictions": [{"box": BOX | {"angle": 3}}]}}],
        ),
    ),
}


@pytest.mark.parametrize("words", list(CASES))
def test_a_broken_rule_is_refused_with_the_message_of_validate(
    words: str, api_server: ApiServer, namespace: str
) -> None:
    manifest = pipeline_manifest(namespace=namespace)
    CASES[words][0](manifest)

    with pytest.raises(ApiError) as refused:
        create(api_server.admin.api(), manifest)

    (message,) = {rule.message for rule in RULES if words in rule.message}
    assert message in str(refused.value)
    with pytest.raises(InvalidPipeline) as invalid:
        parse_pipeline(manifest)
    assert message in str(invalid.value) or words == "DNS label of at most 40"


@pytest.mark.parametrize("words", list(CASES))
def test_a_value_at_the_limit_of_a_rule_is_accepted(words: str, api_server: ApiServer, namespace: str) -> None:
    manifest = pipeline_manifest(namespace=namespace)
    CASES[words][1](manifest)
    created = create(api_server.admin.api(), manifest)
    parse_pipeline(created)


def test_every_rule_has_its_cases() -> None:
    assert all(sum(words in rule.message for words in CASES) == 1 for rule in RULES)
    assert len(CASES) == len(RULES)


GROWING: list[tuple[str, Change, Change]] = [
    (
        "images",
        lambda m: m["spec"].update(images={"partitions": 6}),
        lambda m: m["spec"]["images"].update(partitions=5),
    ),
    (
        "results",
        lambda m: _stage(m).update(results={"partitions": 6}),
        lambda m: _stage(m)["results"].update(partitions=5),
    ),
    (
        "dead letters",
        lambda m: _stage(m).update(deadLetters={"partitions": 6}),
        lambda m: _stage(m)["deadLetters"].update(partitions=5),
    ),
]


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in GROWING], ids=[case[0] for case in GROWING])
def test_partitions_may_grow_but_not_shrink(
    before: Change, after: Change, api_server: ApiServer, namespace: str
) -> None:
    api = api_server.admin.api()
    manifest = pipeline_manifest(namespace=namespace)
    before(manifest)
    old = create(api, manifest)
    small = pipeline_manifest(namespace=namespace)
    before(small)
    after(small)
    with pytest.raises(ApiError, match="partitions cannot be reduced"):
        api.apply(path(small), small)
    assert [p.message for p in check_change(parse_pipeline(old), parse_pipeline(small))] == [CHANGE_RULES[0].message]
    api.apply(path(manifest), manifest)


def test_defaults_are_filled_in_as_the_models_do(api_server: ApiServer, namespace: str) -> None:
    manifest = pipeline_manifest(namespace=namespace)
    created = create(api_server.admin.api(), manifest)
    assert parse_pipeline(created).spec == parse_pipeline(manifest).spec
    assert created["spec"] == parse_pipeline(manifest).spec.model_dump(by_alias=True, mode="json", exclude_none=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["spec"].update(images={"maxBytes": 1_000_000, "retention": "1h30m"}),
        lambda m: m["spec"].update(images={"config": {"unclean.leader.election.enable": False, "segment.ms": 1000}}),
        lambda m: _stage(m).update(resources={"limits": {"cpu": 2, "memory": "1.5Gi", "nvidia.com/gpu": 1}}),
        lambda m: _stage(m).update(
            template={"tolerations": [{"key": "gpu", "operator": "Exists"}], "affinity": {"nodeAffinity": {}}}
        ),
        lambda m: _stage(m).update(template={"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]}),
    ],
)
def test_free_form_fields_keep_what_was_written(change: Change, api_server: ApiServer, namespace: str) -> None:
    manifest = pipeline_manifest(namespace=namespace)
    change(manifest)
    created = create(api_server.admin.api(), manifest)
    assert parse_pipeline(created).spec == parse_pipeline(manifest).spec


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("spec.kafka.cluster", "A cluster managed by Strimzi."),
        ("spec.stages.template.env.valueFrom.secretKeyRef.key", "Key in the object."),
        ("spec.images.config", "Further topic configuration"),
        ("status.conditions.message", "Explanation, and what to do if something is wrong."),
    ],
)
def test_kubectl_explains_every_field(path: str, text: str, api_server: ApiServer) -> None:
    command = [api_server.kubectl, "--kubeconfig", api_server.kubeconfig, "explain", f"imagepipeline.{path}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert text in " ".join(said.split())


def test_scale_sets_the_replicas_of_every_stage_without_its_own(api_server: ApiServer, namespace: str) -> None:
    api = api_server.admin.api()
    created = create(api, pipeline_manifest(namespace=namespace))
    api.merge(f"{path(created)}/scale", {"spec": {"replicas": 3}})
    assert api.get(path(created))["spec"]["replicas"] == 3


def create(api: Api, manifest: dict[str, Any]) -> dict[str, Any]:
    return api.create(path(manifest).rsplit("/", 1)[0], manifest)


def path(manifest: dict[str, Any]) -> str:
    metadata = manifest["metadata"]
    return f"/apis/darkroom.dev/v1alpha1/namespaces/{metadata['namespace']}/imagepipelines/{metadata['name']}"
