"""`darkroom init` writes a valid manifest for every family, with what it could not know as questions."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto

from darkroom.names import DNS_LABEL_PATTERN
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.manifests.references import missing_references
from darkroom_cli.models.detected import UnusableModel, pipeline_name
from darkroom_cli.models.initial import Written, write_manifest
from darkroom_vision.families.questions import NO_OBJECT
from tests.support.documents import ROOT
from tests.support.models.made_families import MADE, constant_file, v8

DIGITS = ROOT / "models" / "digits" / "digits.onnx"
SAMPLES = sorted((ROOT / "k8s" / "samples" / "digits").glob("*-label-one.*"))


def init(model: Path, target: Path, **options: object) -> Written:
    return write_manifest(model, target, **{"name": None, "samples": (), "replace": False} | options)  # type: ignore[arg-type]


def stage_of(manifest: Path) -> dict[str, object]:
    stage: dict[str, object] = yaml.safe_load(manifest.read_text())["spec"]["stages"][0]
    return stage


@pytest.mark.parametrize("name", MADE)
def test_a_manifest_is_valid_and_finds_its_model(tmp_path: Path, name: str) -> None:
    (tmp_path / "models").mkdir()
    model = MADE[name](tmp_path / "models" / "My model.onnx")
    target = tmp_path / "pipeline.yaml"
    assert init(model, target).name == "my-model"
    bundle = load_bundle([target])
    assert bundle.problems == []
    assert missing_references(bundle, in_cluster=False) == []
    assert bundle.pipelines[0].pipeline.spec.stages[0].model.uri == "file:models/My%20model.onnx"


def test_questions_stand_in_the_manifest(tmp_path: Path) -> None:
    written = init(DIGITS, tmp_path / "p.yaml")
    assert written.block.questions
    assert "# ? What are the names of the 10 classes?" in (tmp_path / "p.yaml").read_text()


def test_settings_come_from_the_files_next_to_the_model(tmp_path: Path) -> None:
    model = MADE["classifier"](tmp_path / "m.onnx")
    written = onnx.load(model)
    del written.metadata_props[:]
    onnx.save(written, model)
    (tmp_path / "labels.txt").write_text("cat\ndog\nfox\n")
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({"size": 64, "image_mean": [0.5], "image_std": [0.5]})
    )
    init(model, tmp_path / "p.yaml")
    stage = stage_of(tmp_path / "p.yaml")
    assert stage["output"] == {"type": "Classification", "labelsUri": "file:labels.txt"}
    assert stage["input"] == {
        "resize": "Stretch",
        "interpolation": "Bilinear",
        "scale": pytest.approx(1 / 255),
        "mean": [0.5],
        "std": [0.5],
    }


def test_labels_that_do_not_fit_are_a_question(tmp_path: Path) -> None:
    model = MADE["segmentation"](tmp_path / "m.onnx")
    written = onnx.load(model)
    del written.metadata_props[:]
    onnx.save(written, model)
    (tmp_path / "m.txt").write_text("only\ntwo\n")
    written_manifest = init(model, tmp_path / "p.yaml")
    assert any("m.txt has 2 names, but the model has 3 classes" in q for q in written_manifest.block.questions)


@pytest.mark.parametrize("names", [0, 3])
def test_the_number_of_names_next_to_the_model_tells_whether_detr_has_a_class_for_no_object(
    tmp_path: Path, names: int
) -> None:
    logits = np.zeros((1, 100, 4), np.float32)
    outputs = {"logits": logits, "pred_boxes": np.zeros((1, 100, 4), np.float32)}
    if names:
        (tmp_path / "labels.txt").write_text("".join(f"class {number}\n" for number in range(names)))
    written = init(constant_file(tmp_path / "m.onnx", outputs), tmp_path / "p.yaml")
    assert written.block.output["format"] == "Detr"
    assert (NO_OBJECT in written.block.questions) is not bool(names)


def test_an_open_size_is_taken_from_the_metadata(tmp_path: Path) -> None:
    image = ("batch", 3, "height", "width")
    metadata = {"imgsz": "[64, 96]", "stride": "32", "task": "detect"}
    init(constant_file(tmp_path / "m.onnx", {"output0": v8()}, metadata, image=image), tmp_path / "p.yaml")
    assert stage_of(tmp_path / "p.yaml")["input"] == {"preset": "Yolo", "width": 96, "height": 64}


def test_a_model_whose_size_is_open_has_that_of_its_preset(tmp_path: Path) -> None:
    image = ("batch", 3, "height", "width")
    init(constant_file(tmp_path / "m.onnx", {"output0": v8()}, image=image), tmp_path / "p.yaml")
    assert stage_of(tmp_path / "p.yaml")["input"] == {"preset": "Yolo"}


def test_what_keeps_the_stage_from_starting_is_a_question(tmp_path: Path) -> None:
    extra = {"flag": (TensorProto.BOOL, [1])}
    written = init(constant_file(tmp_path / "m.onnx", {"output0": v8()}, extra_inputs=extra), tmp_path / "p.yaml")
    assert any("does not start yet" in question and "flag" in question for question in written.block.questions)
    assert load_bundle([tmp_path / "p.yaml"]).problems == []


def test_samples_become_self_tests(tmp_path: Path) -> None:
    shutil.copy(SAMPLES[0], tmp_path / "an image.jpg")
    (tmp_path / "manifests").mkdir()
    init(DIGITS, tmp_path / "manifests" / "p.yaml", samples=[tmp_path / "an image.jpg"])
    (test,) = stage_of(tmp_path / "manifests" / "p.yaml")["selfTest"]  # type: ignore[attr-defined]
    assert test["image"] == "file:../an%20image.jpg"
    best = test["expect"]["predictions"][0]
    # The model has no names for its classes: those that are added later must not fail the test.
    assert (best["index"], sorted(best), len(test["expect"]["predictions"])) == (1, ["index", "score"], 3)


def test_a_sample_that_cannot_be_analysed_leaves_no_manifest(tmp_path: Path) -> None:
    for samples, words in (([ROOT / "README.md"], "NotAnImage"), ([SAMPLES[0]] * 11, "at most 10 self-tests")):
        with pytest.raises(InvalidInput, match=f"--sample.*{words}"):
            init(DIGITS, tmp_path / "p.yaml", samples=samples)
    assert not (tmp_path / "p.yaml").exists()


def test_a_file_is_replaced_only_if_asked(tmp_path: Path) -> None:
    init(DIGITS, tmp_path / "p.yaml")
    with pytest.raises(InvalidInput, match=r"p.yaml exists: .* --force"):
        init(DIGITS, tmp_path / "p.yaml")
    init(DIGITS, tmp_path / "p.yaml", replace=True, name="again")
    assert "name: again" in (tmp_path / "p.yaml").read_text()


def test_a_model_that_cannot_be_loaded_leaves_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"junk")
    with pytest.raises(UnusableModel, match="cannot load it"):
        init(tmp_path / "m.onnx", tmp_path / "p.yaml")
    with pytest.raises(InvalidInput, match="No such file"):
        init(tmp_path / "none.onnx", tmp_path / "p.yaml")
    with pytest.raises(InvalidInput, match="--name A B"):
        init(DIGITS, tmp_path / "p.yaml", name="A B")
    assert not (tmp_path / "p.yaml").exists()


@pytest.mark.parametrize("name", ["YOLO11n.onnx", "-_-.onnx", "ä.onnx", "x" * 60 + ".onnx", "a" * 39 + "-b.onnx"])
def test_any_file_name_gives_a_name(name: str) -> None:
    assert re.fullmatch(DNS_LABEL_PATTERN, pipeline_name(Path(name)))
    assert len(pipeline_name(Path(name))) <= 40
