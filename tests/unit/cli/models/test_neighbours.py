"""Files next to a model: the configurations below are those published with the models named."""

import json
from pathlib import Path
from typing import Any

import pytest

from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.models.neighbours import hugging_face_input, read_neighbours, timm_input

VIT = {  # google/vit-base-patch16-224
    "do_normalize": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 2,
    "size": 224,
}
CLIP = {  # openai/clip-vit-base-patch32
    "crop_size": 224,
    "do_center_crop": True,
    "do_normalize": True,
    "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
    "size": {"shortest_edge": 224},
}
DINO = {  # facebook/dinov2-base
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "do_normalize": True,
    "do_rescale": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"shortest_edge": 256},
}
RT_DETR = {  # PekingU/rtdetr_r50vd
    "do_normalize": False,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "resample": 2,
    "rescale_factor": 0.00392156862745098,
    "size": {"height": 640, "width": 640},
}
DETR = {  # facebook/detr-resnet-50
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "size": {"shortest_edge": 800, "longest_edge": 1333},
}
RESNET50 = {  # timm/resnet50.a1_in1k
    "input_size": [3, 224, 224],
    "interpolation": "bicubic",
    "crop_pct": 0.95,
    "crop_mode": "center",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (VIT, {"width": 224, "height": 224, "resize": "Stretch", "interpolation": "Bilinear", "mean": [0.5] * 3}),
        (CLIP, {"width": 224, "height": 224, "resize": "Crop", "cropFraction": 1.0, "interpolation": "Bicubic"}),
        (DINO, {"width": 224, "resize": "Crop", "cropFraction": 0.875, "std": [0.229, 0.224, 0.225]}),
        (RT_DETR, {"width": 640, "height": 640, "resize": "Stretch", "scale": pytest.approx(1 / 255)}),
        (DETR, {"shortestSide": 800, "longestSide": 1333, "mean": [0.485, 0.456, 0.406]}),
    ],
)
def test_image_processors_of_transformers(config: dict[str, Any], expected: dict[str, Any]) -> None:
    found = hugging_face_input(config)
    assert found | expected == found
    assert ("mean" in found) == config["do_normalize"]


def test_timm_s_evaluation_transform() -> None:
    assert timm_input(RESNET50) == {
        "width": 224,
        "height": 224,
        "resize": "Crop",
        "cropFraction": 0.95,
        "interpolation": "Bicubic",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }


def write(folder: Path, name: str, content: object) -> Path:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder / "m.onnx"


def test_labels_come_from_the_configuration_or_a_text_file(tmp_path: Path) -> None:
    model = write(tmp_path, "config.json", {"id2label": {"1": "dog", "0": "cat"}, "pretrained_cfg": RESNET50})
    found = read_neighbours(model, "Classification")
    assert (found.labels, found.labels_file, found.labels_are_lines) == (("cat", "dog"), "config.json", False)
    assert found.input_file == "config.json"
    write(tmp_path, "labels.txt", "fox\n\nowl\n")
    found = read_neighbours(model, "Classification")
    assert (found.labels, found.labels_file, found.labels_are_lines) == (("fox", "owl"), "labels.txt", True)


def test_the_processor_s_configuration_has_precedence(tmp_path: Path) -> None:
    write(tmp_path, "config.json", {"pretrained_cfg": RESNET50})
    found = read_neighbours(write(tmp_path, "preprocessor_config.json", VIT), "Classification")
    assert (found.input_file, found.input["resize"]) == ("preprocessor_config.json", "Stretch")


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "\0"])
def test_a_file_that_is_no_json_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidInput, match=r"config.json is not JSON"):
        read_neighbours(write(tmp_path, "config.json", content), "Classification")


@pytest.mark.parametrize(
    "content", [[], {}, {"id2label": {"a": "b"}}, {"id2label": {"1": "b"}}, {"pretrained_cfg": 3}, {"label_names": 1}]
)
def test_a_configuration_of_something_else_says_nothing(tmp_path: Path, content: object) -> None:
    found = read_neighbours(write(tmp_path, "config.json", content), "Classification")
    assert (found.input, found.labels) == ({}, ())


def test_lines_of_characters_keep_white_space(tmp_path: Path) -> None:
    assert read_neighbours(write(tmp_path, "labels.txt", "a\n \nb\n"), "Text").labels == ("a", " ", "b")
