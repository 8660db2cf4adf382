"""Complete analyses with real models: the digits samples, and tiny models with results computed by hand."""

import hashlib
import math
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from PIL import Image

from darkroom.api.pipeline import ImagePipeline, Stage
from darkroom_vision.analyse import Analyser, Analysis, Failure, prepare
from darkroom_vision.heads.base import Frame, Result
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.session import OnnxModel, Value, load_model
from tests.support.images.pictures import encoded, picture, stored, with_orientation
from tests.support.models.onnx_files import (
    fails_on_bright_file,
    identity_file,
    mean_colours_file,
    onnx_file,
    zip_map_file,
)

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = sorted((ROOT / "k8s" / "samples" / "digits").iterdir())
SCORES = {"type": "Classification"}


def stage(output: dict[str, Any], **spec_input: Any) -> Stage:
    return Stage.model_validate(
        {"name": "test", "model": {"uri": "file:x.onnx"}, "input": spec_input, "output": output}
    )


def analyser(path: Path, stage: Stage, **options: Any) -> Analyser:
    return Analyser(prepare(load_model(path), stage), **options)


def plain(colour: tuple[int, int, int]) -> bytes:
    return encoded(Image.new("RGB", (9, 7), colour), "PNG")


def seen(answer: Analysis | Failure) -> Analysis:
    assert isinstance(answer, Analysis), answer
    return answer


def digits(name: str) -> Analyser:
    documents = yaml.safe_load_all((ROOT / "k8s" / "samples" / "digits.yaml").read_text())
    pipeline = ImagePipeline.model_validate(next(d for d in documents if d["kind"] == "ImagePipeline"))
    chosen = next(s for s in pipeline.spec.stages if s.name == name)
    path = ROOT / "models" / "digits" / chosen.model.uri.rpartition("/")[2]
    return Analyser(prepare(load_model(path, uri=chosen.model.uri, sha256=chosen.model.sha256), chosen))


def test_the_sample_pipeline_reads_the_sample_digits() -> None:
    classify = digits("classify")
    answers = [seen(classify.analyse(path.read_bytes())) for path in SAMPLES]
    right = sum(
        answer.result["predictions"][0]["label"] == path.stem.rpartition("-")[2]
        for path, answer in zip(SAMPLES, answers, strict=True)
    )
    assert right >= 97, "the model card says at least 98 %"
    assert {(a.format, a.width, a.height) for a in answers} == {("png", 64, 64), ("jpeg", 64, 64)}
    assert all(len(a.result["predictions"]) == 3 for a in answers)
    assert all(0 < t < 5 for a in answers for t in (a.timings.decode_s, a.timings.preprocess_s, a.timings.inference_s))


def test_embeddings_of_the_same_digit_are_close() -> None:
    embed = digits("embed")
    vectors = np.array([seen(embed.analyse(path.read_bytes())).result["embedding"] for path in SAMPLES])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    closeness = vectors @ vectors.T - 2 * np.eye(len(vectors))
    labels = [path.stem.rpartition("-")[2] for path in SAMPLES]
    alike = sum(labels[i] == labels[int(j)] for i, j in enumerate(closeness.argmax(axis=1)))
    assert alike >= 90


def test_a_bad_image_does_not_affect_the_next(tmp_path: Path) -> None:
    analyse = analyser(mean_colours_file(tmp_path / "x.onnx"), stage(SCORES, scale=1.0), max_bytes=2_000).analyse
    good = plain((10, 20, 30))
    cut = encoded(picture(40, 40), "JPEG")[:-100]
    answers = [analyse(image) for image in (good, b"a text file", cut, bytes(2_001), good, b"")]
    assert [type(a) for a in answers] == [Analysis, Failure, Failure, Failure, Analysis, Failure]
    reasons = [a.reason for a in answers if isinstance(a, Failure)]
    assert reasons == ["NotAnImage", "DecodeError", "TooLarge", "NotAnImage"]
    assert "2,001 bytes, the pipeline accepts at most 2,000" in next(
        a.message for a in answers if isinstance(a, Failure) and a.reason == "TooLarge"
    )
    for answer in (answers[0], answers[4]):
        assert seen(answer).result["predictions"][0] == {"label": "2", "index": 2, "score": 30}


def test_after_a_model_failure_the_next_image_is_analysed(tmp_path: Path) -> None:
    analyse = analyser(fails_on_bright_file(tmp_path / "x.onnx"), stage(SCORES)).analyse
    dark, bright = plain((100, 100, 100)), plain((255, 255, 255))
    answers = [analyse(image) for image in (dark, bright, dark)]
    assert [type(a) for a in answers] == [Analysis, Failure, Analysis]
    culprit = answers[1]
    assert isinstance(culprit, Failure)
    assert culprit.reason == "InferenceError"
    assert re.search(r"it fails on an input of shape \(1, 1, 2, 2\)", culprit.message)


def test_a_fixed_batch_of_one_and_an_open_batch_get_one_image(tmp_path: Path) -> None:
    for batch in (1, "N"):
        path = identity_file(tmp_path / f"{batch}.onnx", [batch, 3, 2, 2])
        analyse = analyser(path, stage({"type": "Tensor"}, scale=1.0)).analyse
        tensors = [seen(analyse(plain((i, 2, 3)))).result["tensor"] for i in range(5)]
        assert [t["shape"] for t in tensors] == [[1, 3, 2, 2]] * 5
        assert [t["data"] for t in tensors] == [[i] * 4 + [2] * 4 + [3] * 4 for i in range(5)]


@pytest.mark.parametrize(("colors", "expected"), [("RGB", [10, 20, 30]), ("BGR", [30, 20, 10])])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_channels_are_in_the_order_of_the_pipeline(tmp_path: Path, colors: str, expected: list[int], kind: str) -> None:
    path = identity_file(tmp_path / "x.onnx", ["N", 1, 1, 3])
    spec = stage({"type": "Tensor"}, scale=1.0, colors=colors, layout="NHWC")
    image = encoded(Image.new("RGB", (16, 16), (10, 20, 30)), kind, quality=100)
    assert seen(analyser(path, spec).analyse(image)).result["tensor"]["data"] == pytest.approx(expected, abs=2)


def test_a_flat_input_is_fed_row_by_row_and_the_models_own_labels_are_used(tmp_path: Path) -> None:
    path = zip_map_file(tmp_path / "x.onnx", ["red", "green", "blue"])
    spec = stage({"type": "Classification", "topK": 1}, width=3, height=1, channels=1, scale=1.0)
    image = encoded(np.array([[5, 200, 7]], np.uint8), "PNG")
    answer = analyser(path, spec).analyse(image)
    assert seen(answer).result["predictions"] == [{"label": "green", "index": 1, "score": 200}]


def test_the_size_of_a_rotated_photo_is_that_of_the_upright_image(tmp_path: Path) -> None:
    path = mean_colours_file(tmp_path / "x.onnx")
    analyse = analyser(path, stage(SCORES)).analyse
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        answer = seen(analyse(with_orientation(picture(40, 60), kind, 6)))
        assert (answer.width, answer.height) == (40, 60)


class Probe:
    """A head that records the model's output and the frame."""

    def __init__(self) -> None:
        self.input: npt.NDArray[np.float32]
        self.frame: Frame

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        (self.frame,) = frames
        self.input = np.asarray(outputs[0])[0, 0]
        return [{}]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    return load_model(identity_file(tmp_path_factory.mktemp("model") / "x.onnx", ["N", 1, "H", "W"]))


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, Any]:
    """The input of a stage with fixed or open sizes, and every resize mode and filter."""
    side = st.integers(1, 80)
    sizes: list[st.SearchStrategy[dict[str, Any]]] = [
        st.fixed_dictionaries({"width": side, "height": side}),
        st.fixed_dictionaries({"height": side, "multipleOf": st.sampled_from([1, 8])}),
        st.fixed_dictionaries({"width": side, "multipleOf": st.sampled_from([1, 8])}),
        st.fixed_dictionaries({"longestSide": side, "multipleOf": st.sampled_from([1, 32])}),
        st.fixed_dictionaries({"shortestSide": side, "longestSide": st.just(100), "shrink": st.booleans()}),
    ]
    spec = draw(st.one_of(sizes)) | {
        "resize": draw(st.sampled_from(["Stretch", "Letterbox", "Crop"])),
        "interpolation": draw(st.sampled_from(["Bilinear", "Bicubic", "Nearest", "Area"])),
        "antialias": draw(st.booleans()),
        "preprocessing": draw(st.sampled_from(["Fast", "Exact"])),
    }
    if spec["resize"] == "Crop" and {"width", "height"} <= spec.keys():
        spec["cropFraction"] = draw(st.floats(0.5, 1))
    if spec["resize"] == "Letterbox":
        spec |= {"pad": {"value": 0, "at": draw(st.sampled_from(["Center", "TopLeft"]))}}
        spec |= {} if spec.get("shrink") is False else {"enlarge": draw(st.booleans())}
    if draw(st.booleans()):  # for their rounding
        preset = draw(st.sampled_from(["YoloX", "PaddleOcr"]))
        spec |= {"preset": preset, "scale": 1 / 255, "mean": [0.0], "std": [1.0]}
    return spec


@settings(max_examples=2 * settings.default.max_examples)
@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    spec=inputs(),
    kind=st.sampled_from(["JPEG", "PNG"]),
    orientation=st.integers(1, 8),
    draw=st.data(),
)
def test_a_frame_maps_the_models_input_back_to_the_image(
    identity: OnnxModel, size: Size, spec: dict[str, Any], kind: str, orientation: int, draw: st.DataObject
) -> None:
    """The centroid of a bright rectangle in the model's input, mapped back, is the rectangle's centre.

    The tolerance is half a pixel of the coarser of the two grids, which is their resolution. A JPEG that is shrunk
    while it is decoded passes through a third grid, which is never coarser than the model's.
    """
    loaded, probe = prepare(identity, stage({"type": "Tensor"}, **spec)), Probe()
    analyse = Analyser(replace(loaded, head=probe)).analyse
    upright = np.zeros((size[1], size[0]), np.uint8)
    seen(analyse(with_orientation(stored(upright, orientation), kind, orientation)))
    to_image, target = probe.frame.to_image, probe.input.shape[::-1]
    assert probe.frame.size == size

    corners = to_image.apply((0, 0)), to_image.apply(target)
    grid = [max(1.0, scale) for scale in to_image.scale]
    centre = []
    for axis in (0, 1):
        first = max(0, math.ceil(corners[0][axis] - 1e-6))
        end = min(size[axis], math.floor(corners[1][axis] + 1e-6))
        assume(first < end)  # a crop can be smaller than a pixel
        length = min(2 * math.ceil(grid[axis]), end - first)
        begin = draw.draw(st.integers(first, end - length))
        centre.append((begin, begin + length))
    (left, right), (top, bottom) = centre
    upright[top:bottom, left:right] = 255
    seen(analyse(with_orientation(stored(upright, orientation), kind, orientation)))

    bright = np.maximum(0, probe.input - probe.input.max() / 5)  # without JPEG artefacts around the rectangle
    columns, rows = np.arange(target[0]) + 0.5, np.arange(target[1]) + 0.5
    centroid = (bright.sum(axis=0) @ columns / bright.sum(), bright.sum(axis=1) @ rows / bright.sum())
    x, y = to_image.apply(centroid)
    assert abs(x - (left + right) / 2) <= grid[0] / 2 + 1e-6
    assert abs(y - (top + bottom) / 2) <= grid[1] / 2 + 1e-6


def test_extra_inputs_are_filled_in_for_each_image(tmp_path: Path) -> None:
    """PaddleDetection's and RT-DETR's names, and a constant."""
    names = {"scale_factor": TensorProto.FLOAT, "im_shape": TensorProto.FLOAT, "orig_target_sizes": TensorProto.INT64}
    nodes = [helper.make_node("Cast", [name], [f"{name}_f"], to=TensorProto.FLOAT) for name in names]
    nodes.append(helper.make_node("Concat", [*(f"{name}_f" for name in names), "constant"], ["seen"], axis=1))
    path = onnx_file(
        tmp_path / "x.onnx",
        [*nodes, helper.make_node("Identity", ["image"], ["same"])],
        {name: (kind, ["N", 2]) for name, kind in names.items()}
        | {"image": (TensorProto.FLOAT, ["N", 3, 32, 64]), "constant": (TensorProto.FLOAT, [1, 1])},
        {"seen": (TensorProto.FLOAT, ["N", 7]), "same": (TensorProto.FLOAT, ["N", 3, 32, 64])},
    )
    analyse = analyser(path, stage({"type": "Tensor"}, extraInputs={"constant": 7})).analyse
    for width, height in ((128, 128), (32, 64)):
        image = encoded(Image.new("RGB", (width, height)), "PNG")
        expected = [32 / height, 64 / width, 32, 64, width, height, 7]
        assert seen(analyse(image)).result["tensor"]["data"] == pytest.approx(expected)


def test_an_input_of_open_size_follows_each_image(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", ["N", 1, 16, "W"])
    analyse = analyser(path, stage({"type": "Tensor"}, multipleOf=8)).analyse
    for width, expected in ((60, 32), (61, 32), (70, 40), (60, 32)):
        answer = seen(analyse(encoded(picture(32, width), "PNG")))
        assert answer.result["tensor"]["shape"] == [1, 1, 16, expected]


def test_threads_that_share_a_loaded_stage_get_the_same_results_as_one() -> None:
    loaded = digits("classify")._stage
    images = [path.read_bytes() for path in SAMPLES]

    def results() -> list[dict[str, Any]]:
        own = Analyser(loaded)
        return [seen(own.analyse(image)).result for image in images]

    expected = results()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: results(), range(8)):
            assert found == expected


def test_a_stage_that_contradicts_its_model_does_not_start(tmp_path: Path) -> None:
    path = mean_colours_file(tmp_path / "x.onnx")
    with pytest.raises(ModelMismatch, match=r"its width is 4, input.width says 5"):
        analyser(path, stage(SCORES, width=5))
    with pytest.raises(ModelMismatch, match=r"has 3 classes, output.labels names 2: name all of them"):
        analyser(path, stage({"type": "Classification", "labels": ["a", "b"]}))


def test_checksums_of_the_models_are_those_in_the_model_card() -> None:
    card = (ROOT / "models" / "digits" / "README.md").read_text()
    for name in ("digits.onnx", "digits-embed.onnx"):
        assert hashlib.sha256((ROOT / "models" / "digits" / name).read_bytes()).hexdigest() in card
