"""Whole analyses with real models: the digits, and tiny ones whose answers are known by hand."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from darkroom.api.pipeline import ImagePipeline, Stage
from darkroom_vision.analyse import Analyser, Analysis, Failure, prepare
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.session import load_model
from tests.support.onnx_files import fails_on_bright_file, identity_file, mean_colours_file, zip_map_file
from tests.support.pictures import encoded, picture, with_orientation

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
    answers = [seen(a) for a in digits("classify").analyse([path.read_bytes() for path in SAMPLES])]
    right = sum(
        answer.result["predictions"][0]["label"] == path.stem.rpartition("-")[2]
        for path, answer in zip(SAMPLES, answers, strict=True)
    )
    assert right >= 97, "the model card promises 98 % and more"
    assert {(a.format, a.width, a.height) for a in answers} == {("png", 64, 64), ("jpeg", 64, 64)}
    assert all(len(a.result["predictions"]) == 3 for a in answers)
    assert all(0 < t < 5 for a in answers for t in (a.timings.decode_s, a.timings.preprocess_s, a.timings.inference_s))


def test_digits_that_are_alike_have_embeddings_that_are_close() -> None:
    answers = digits("embed").analyse([path.read_bytes() for path in SAMPLES])
    vectors = np.array([seen(a).result["embedding"] for a in answers])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    closeness = vectors @ vectors.T - 2 * np.eye(len(vectors))
    labels = [path.stem.rpartition("-")[2] for path in SAMPLES]
    alike = sum(labels[i] == labels[int(j)] for i, j in enumerate(closeness.argmax(axis=1)))
    assert alike >= 90


def test_a_bad_image_never_harms_its_neighbours(tmp_path: Path) -> None:
    analyse = analyser(mean_colours_file(tmp_path / "x.onnx"), stage(SCORES, scale=1.0), max_bytes=2_000).analyse
    good = plain((10, 20, 30))
    cut = encoded(picture(40, 40), "JPEG")[:-100]
    answers = analyse([good, b"a text file", cut, bytes(2_001), good, b""])
    assert [type(a) for a in answers] == [Analysis, Failure, Failure, Failure, Analysis, Failure]
    reasons = [a.reason for a in answers if isinstance(a, Failure)]
    assert reasons == ["NotAnImage", "DecodeError", "TooLarge", "NotAnImage"]
    assert "2,001 bytes, the pipeline takes at most 2,000" in next(
        a.message for a in answers if isinstance(a, Failure) and a.reason == "TooLarge"
    )
    for answer in (answers[0], answers[4]):
        assert seen(answer).result["predictions"][0] == {"label": "2", "index": 2, "score": 30}


def test_answers_keep_their_order_across_batches(tmp_path: Path) -> None:
    analyse = analyser(mean_colours_file(tmp_path / "x.onnx"), stage(SCORES, scale=1.0), batch_size=3).analyse
    images = [plain((0, 0, i)) if i % 4 else b"bad" for i in range(20)]
    answers = analyse(images)
    assert [None if isinstance(a, Failure) else a.result["predictions"][0]["score"] for a in answers] == [
        i if i % 4 else None for i in range(20)
    ]


def test_no_images_give_no_answers(tmp_path: Path) -> None:
    assert analyser(mean_colours_file(tmp_path / "x.onnx"), stage(SCORES)).analyse([]) == []


def test_a_batch_that_fails_is_tried_one_by_one_and_only_the_culprit_fails(tmp_path: Path) -> None:
    analyse = analyser(fails_on_bright_file(tmp_path / "x.onnx"), stage(SCORES)).analyse
    dark, bright = plain((100, 100, 100)), plain((255, 255, 255))
    answers = analyse([dark, bright, dark])
    assert [type(a) for a in answers] == [Analysis, Failure, Analysis]
    culprit = answers[1]
    assert isinstance(culprit, Failure)
    assert culprit.reason == "InferenceError"
    assert re.search(r"it fails on an input of shape \(1, 1, 2, 2\)", culprit.message)


def test_a_model_of_one_image_at_a_time_gets_one_at_a_time(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", [1, 3, 2, 2])
    answers = analyser(path, stage({"type": "Tensor"}, scale=1.0)).analyse([plain((i, 2, 3)) for i in range(5)])
    tensors = [seen(a).result["tensor"] for a in answers]
    assert [t["shape"] for t in tensors] == [[1, 3, 2, 2]] * 5
    assert [t["data"] for t in tensors] == [[i] * 4 + [2] * 4 + [3] * 4 for i in range(5)]


@pytest.mark.parametrize(("colors", "expected"), [("RGB", [10, 20, 30]), ("BGR", [30, 20, 10])])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_channels_come_in_the_order_that_the_pipeline_says(
    tmp_path: Path, colors: str, expected: list[int], kind: str
) -> None:
    path = identity_file(tmp_path / "x.onnx", ["N", 1, 1, 3])
    spec = stage({"type": "Tensor"}, scale=1.0, colors=colors, layout="NHWC")
    image = encoded(Image.new("RGB", (16, 16), (10, 20, 30)), kind, quality=100)
    (answer,) = analyser(path, spec).analyse([image])
    assert seen(answer).result["tensor"]["data"] == pytest.approx(expected, abs=2)


def test_a_flat_input_is_fed_row_by_row_and_the_models_own_labels_are_used(tmp_path: Path) -> None:
    path = zip_map_file(tmp_path / "x.onnx", ["red", "green", "blue"])
    spec = stage({"type": "Classification", "topK": 1}, width=3, height=1, channels=1, scale=1.0)
    image = encoded(np.array([[5, 200, 7]], np.uint8), "PNG")
    for answers in (analyser(path, spec).analyse([image]), analyser(path, spec).analyse([image, image])):
        for answer in answers:
            assert seen(answer).result["predictions"] == [{"label": "green", "index": 1, "score": 200}]


def test_size_of_a_turned_photo_is_that_of_the_upright_one(tmp_path: Path) -> None:
    path = mean_colours_file(tmp_path / "x.onnx")
    answers = analyser(path, stage(SCORES)).analyse(
        [with_orientation(picture(40, 60), kind, 6) for kind in ("JPEG", "PNG", "WEBP", "TIFF")]
    )
    assert [(seen(a).width, seen(a).height) for a in answers] == [(40, 60)] * 4


def test_many_threads_share_a_loaded_stage_and_answer_as_one_does() -> None:
    loaded = digits("classify")._stage
    images = [path.read_bytes() for path in SAMPLES]
    expected = [seen(a).result for a in Analyser(loaded).analyse(images)]
    with ThreadPoolExecutor(4) as pool:
        for answers in pool.map(lambda _: Analyser(loaded).analyse(images), range(8)):
            assert [seen(a).result for a in answers] == expected


def test_a_stage_that_contradicts_its_model_never_starts(tmp_path: Path) -> None:
    path = mean_colours_file(tmp_path / "x.onnx")
    with pytest.raises(ModelMismatch, match=r"its width is 4, input.width says 5"):
        analyser(path, stage(SCORES, width=5))
    with pytest.raises(ModelMismatch, match=r"has 3 classes, output.labels names 2: name all of them"):
        analyser(path, stage({"type": "Classification", "labels": ["a", "b"]}))


def test_checksums_of_the_models_are_those_of_the_card() -> None:
    card = (ROOT / "models" / "digits" / "README.md").read_text()
    for name in ("digits.onnx", "digits-embed.onnx"):
        assert hashlib.sha256((ROOT / "models" / "digits" / name).read_bytes()).hexdigest() in card
