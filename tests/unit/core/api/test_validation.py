"""An invalid manifest gets one line per problem, with its path and what to do."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.api.validation import InvalidPipeline, check_change, parse_pipeline
from tests.support.manifests import pipeline_manifest

Spoil = Callable[[dict[str, Any]], object]


def with_input(**fields: Any) -> Spoil:
    return lambda m: m["spec"]["stages"][0].update(input=fields)


def _expecting(**expect: Any) -> dict[str, Any]:
    return {"image": "file:image.png", "expect": expect}


BROKEN: list[tuple[str, Spoil, str, str]] = [
    ("unknown field", lambda m: m["spec"].update(colour=1), "spec.colour", "unknown field"),
    ("unknown field of a stage", lambda m: m["spec"]["stages"][0].update(x=1), "spec.stages[0].x", "unknown field"),
    ("bad enum", lambda m: m["spec"].update(deletionPolicy="Keep"), "spec.deletionPolicy", "'Retain' or 'Delete'"),
    (
        "duplicate stage name",
        lambda m: m["spec"]["stages"].append(dict(m["spec"]["stages"][0])),
        "spec.stages[1].name",
        "unique",
    ),
    (
        "cluster and bootstrapServers",
        lambda m: m["spec"]["kafka"].update(bootstrapServers="b:9092"),
        "spec.kafka",
        "exactly one of",
    ),
    ("neither cluster nor bootstrapServers", lambda m: m["spec"].update(kafka={}), "spec.kafka", "exactly one of"),
    ("tls with a Strimzi cluster", lambda m: m["spec"]["kafka"].update(tls={}), "spec.kafka", "bootstrapServers"),
    ("long name", lambda m: m["metadata"].update(name="a" * 41), "metadata.name", "40"),
    ("name that is no DNS label", lambda m: m["metadata"].update(name="Digits"), "metadata.name", "DNS label"),
    ("no stages", lambda m: m["spec"].update(stages=[]), "spec.stages", "at least 1"),
    ("missing model", lambda m: m["spec"]["stages"][0].pop("model"), "spec.stages[0].model", "missing"),
    (
        "invalid URI",
        lambda m: m["spec"]["stages"][0]["model"].update(uri="ftp://x/y"),
        "spec.stages[0].model.uri",
        "s3://",
    ),
    ("bad size", lambda m: m["spec"].update(images={"maxBytes": "10MB"}), "spec.images.maxBytes", "10Mi"),
    ("large size", lambda m: m["spec"].update(images={"maxBytes": "500Mi"}), "spec.images.maxBytes", "400Mi"),
    (
        "max.message.bytes with a unit",
        lambda m: m["spec"]["stages"][0].update(results={"config": {"max.message.bytes": "1Mi"}}),
        "spec.stages[0].results.config.max.message.bytes",
        "a number of bytes",
    ),
    (
        "max.message.bytes above the limit",
        lambda m: m["spec"].update(images={"config": {"max.message.bytes": 2_000_000_000}}),
        "spec.images.config.max.message.bytes",
        "1000000000",
    ),
    ("bad duration", lambda m: m["spec"].update(images={"retention": "1w"}), "spec.images.retention", "168h"),
    (
        "fixed and automatic replicas",
        lambda m: m["spec"]["stages"][0].update(replicas=2, autoscaling={"max": 3}),
        "spec.stages[0].replicas",
        "not both",
    ),
    (
        "min above max",
        lambda m: m["spec"]["stages"][0].update(autoscaling={"min": 4, "max": 3}),
        "spec.stages[0].autoscaling.min",
        "autoscaling.max",
    ),
    (
        "KEDA that only recommends",
        lambda m: m["spec"]["stages"][0].update(autoscaling={"max": 3, "keda": True, "metricsOnly": True}),
        "spec.stages[0].autoscaling.keda",
        "exclude each other",
    ),
    ("idle workers", lambda m: m["spec"].update(replicas=13), "spec.replicas", "images.partitions"),
    (
        "CUDA without a GPU",
        lambda m: m["spec"]["stages"][0].update(execution={"provider": "Cuda"}),
        "spec.stages[0].execution.provider",
        "nvidia.com/gpu",
    ),
    (
        "precision of another provider",
        lambda m: m["spec"]["stages"][0].update(execution={"provider": "Cpu", "precision": "TensorFloat32"}),
        "spec.stages[0].execution.precision",
        "only for provider Cuda",
    ),
    (
        "window without a batch",
        lambda m: m["spec"]["stages"][0].update(execution={"batch": {"window": "5ms"}}),
        "spec.stages[0].execution.batch.window",
        "a max above 1",
    ),
    (
        "large batch",
        lambda m: m["spec"]["stages"][0].update(execution={"batch": {"max": 65}}),
        "spec.stages[0].execution.batch.max",
        "64",
    ),
    (
        "format of another type",
        lambda m: m["spec"]["stages"][0]["output"].update(type="Keypoints", format="Ctc"),
        "spec.stages[0].output.format",
        "Keypoints: YoloV8, YoloEndToEnd, Torchvision",
    ),
    (
        "format of a type without formats",
        lambda m: m["spec"]["stages"][0]["output"].update(type="Tensor", format="YoloV8"),
        "spec.stages[0].output.format",
        "does not belong",
    ),
    (
        "IoU threshold without boxes",
        lambda m: m["spec"]["stages"][0]["output"].update(type="Classification", iouThreshold=0.5),
        "spec.stages[0].output",
        "only for types with boxes",
    ),
    (
        "activation of a detector",
        lambda m: m["spec"]["stages"][0]["output"].update(type="Detection", activation="Sigmoid"),
        "spec.stages[0].output.activation",
        "only for Classification and MultiLabel",
    ),
    (
        "normalize for a Tensor",
        lambda m: m["spec"]["stages"][0]["output"].update(type="Tensor", normalize=True),
        "spec.stages[0].output.normalize",
        "only for Embedding",
    ),
    (
        "keypoint names of a detector",
        lambda m: m["spec"]["stages"][0]["output"].update(type="Detection", keypointNames=["nose"]),
        "spec.stages[0].output.keypointNames",
        "only for Keypoints",
    ),
    (
        "an expected result of another type",
        lambda m: m["spec"]["stages"][0].update(selfTest=[_expecting(predictions=[], text={"text": "A"})]),
        "spec.stages[0].selfTest[0].expect.text",
        "expect must have the result field of the output type, and no other",
    ),
    (
        "no expected result",
        lambda m: m["spec"]["stages"][0].update(selfTest=[_expecting()]),
        "spec.stages[0].selfTest[0].expect",
        "expect must have the result field of the output type",
    ),
    (
        "a field that no result has",
        lambda m: m["spec"]["stages"][0].update(selfTest=[_expecting(predictions=[{"scor": 1}])]),
        "spec.stages[0].selfTest[0].expect.predictions[0].scor",
        "unknown field",
    ),
    (
        "an expected mask of a detector",
        lambda m: m["spec"]["stages"][0].update(
            output={"type": "Detection"},
            selfTest=[_expecting(predictions=[{}, {"mask": {"size": [1, 1], "counts": "1"}}])],
        ),
        "spec.stages[0].selfTest[0].expect.predictions[1].mask",
        "mask: InstanceSegmentation",
    ),
    (
        "labels and labelsUri",
        lambda m: m["spec"]["stages"][0]["output"].update(labels=["a"], labelsUri="file:l"),
        "spec.stages[0].output",
        "only one of",
    ),
    (
        "mean with two values",
        lambda m: m["spec"]["stages"][0].update(input={"mean": [0, 1]}),
        "spec.stages[0].input.mean",
        "one value",
    ),
    ("cropFraction with Stretch", with_input(cropFraction=0.875), "spec.stages[0].input.cropFraction", "resize: Crop"),
    ("pad with Crop", with_input(preset="Clip", pad={}), "spec.stages[0].input.pad", "resize: Letterbox"),
    (
        "pad.value and pad.values",
        with_input(resize="Letterbox", pad={"value": 1, "values": [1]}),
        "spec.stages[0].input.pad",
        "only one of",
    ),
    (
        "pad.values with two values",
        with_input(resize="Letterbox", pad={"values": [1, 2]}),
        "spec.stages[0].input.pad.values",
        "one value per channel",
    ),
    (
        "width, height and longestSide",
        with_input(width=8, height=8, longestSide=8),
        "spec.stages[0].input.longestSide",
        "leave a side open",
    ),
    (
        "height and shortestSide",
        with_input(height=8, shortestSide=8),
        "spec.stages[0].input.shortestSide",
        "leave a side open",
    ),
    (
        "shortestSide above longestSide",
        with_input(shortestSide=9, longestSide=8),
        "spec.stages[0].input.shortestSide",
        "must not exceed",
    ),
    (
        "shrink: false without shortestSide",
        with_input(longestSide=8, shrink=False),
        "spec.stages[0].input.shrink",
        "only for shortestSide",
    ),
    (
        "neither enlarged nor made smaller",
        with_input(shortestSide=8, shrink=False, enlarge=False),
        "spec.stages[0].input.shrink",
        "cannot be combined with enlarge: false",
    ),
    ("wrong kind", lambda m: m.update(kind="Pipeline"), "kind", "'ImagePipeline'"),
]


def problems(manifest: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidPipeline) as refused:
        parse_pipeline(manifest)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(("spoil", "path", "words"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_problem_has_its_path_and_a_message(spoil: Spoil, path: str, words: str) -> None:
    manifest = pipeline_manifest()
    spoil(manifest)
    (line,) = problems(manifest)
    assert line.startswith(f"{path}: ")
    assert words in line


def test_every_problem_is_reported() -> None:
    manifest = pipeline_manifest()
    manifest["spec"] |= {"colour": 1, "deletionPolicy": "Keep", "images": {"partitions": 0}}
    assert [line.split(":")[0] for line in problems(manifest)] == [
        "spec.images.partitions",
        "spec.deletionPolicy",
        "spec.colour",
    ]


def test_a_valid_manifest_gets_the_defaults() -> None:
    spec = parse_pipeline(pipeline_manifest()).spec
    assert (spec.images.partitions, spec.images.replicas, spec.images.max_bytes.in_bytes) == (12, 3, 10 * 2**20)
    assert (spec.deletion_policy, spec.suspend, spec.replicas) == ("Retain", False, 1)
    assert (spec.stages[0].delivery, spec.stages[0].max_attempts) == ("AtLeastOnce", 3)


def test_partitions_cannot_be_reduced() -> None:
    few = parse_pipeline(pipeline_manifest(images={"partitions": 3}))
    many = parse_pipeline(pipeline_manifest(images={"partitions": 12}))
    assert check_change(few, many) == []
    (problem,) = check_change(many, few)
    assert problem.path == "spec.images.partitions"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["apiVersion", "kind", "metadata", "spec"]), json_values)
def test_any_value_in_a_manifest_gives_problems_and_no_crash(field: str, value: Any) -> None:
    manifest = pipeline_manifest()
    manifest[field] = value
    assert problems(manifest)
