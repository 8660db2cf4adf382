"""Every format without boxes end to end. Values are computed by hand: see `tests.support.models.golden`."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.models.coco_masks import decoded
from tests.support.models.golden import Outputs, answer, logit


def test_a_class_map_is_resized_to_the_image(tmp_path: Path) -> None:
    # Stretched, so the left quarter of the input is the left quarter of the image.
    logits = np.zeros((1, 3, 64, 64), np.float32)
    logits[0, 2] = 1
    logits[0, 1, :, :16] = 2
    found = answer(tmp_path, {"logits": logits}, {"type": "Segmentation", "labels": ["sky", "road", "car"]})
    assert [(c["label"], c["index"], c["fraction"]) for c in found["classes"]] == [("car", 2, 0.75), ("road", 1, 0.25)]
    road = decoded(found["classes"][1]["mask"])
    assert road.shape == (100, 200)
    assert road[:, :50].all()
    assert not road[:, 50:].any()


@pytest.mark.parametrize("output_format", ["ClassIds", "Probability"])
def test_maps_of_classes_and_of_probabilities(output_format: str, tmp_path: Path) -> None:
    ids = np.zeros((1, 64, 64), np.int64)
    ids[0, 32:] = 1
    value = ids if output_format == "ClassIds" else (ids[:, None] * 0.5 + 0.25).astype(np.float32)
    found = answer(tmp_path, {"map": value}, {"type": "Segmentation"})
    fractions = {c["index"]: c["fraction"] for c in found["classes"]}
    assert fractions == ({0: 0.5, 1: 0.5} if output_format == "ClassIds" else {0: 0.5})


def test_pixels_outside_the_crop_have_no_class(tmp_path: Path) -> None:
    found = answer(tmp_path, {"map": np.zeros((1, 64, 64), np.int64)}, {"type": "Segmentation"}, resize="Crop")
    (seen,) = found["classes"]
    assert seen["fraction"] == 0.5
    mask = decoded(seen["mask"])
    assert mask[:, 50:150].all()
    assert mask.sum() == 100 * 100


@pytest.mark.parametrize("logits", [False, True])
def test_a_line_of_text_is_read_without_repeats_and_blanks(logits: bool, tmp_path: Path) -> None:
    # Classes: blank, a, b, space. Steps: a a - a b b (space): "aab ", each with probability 0.75.
    steps = np.full((1, 7, 4), 1 / 12, np.float32)
    steps[0, range(7), [1, 1, 0, 1, 2, 2, 3]] = 0.75
    value = np.log(steps) + 3 if logits else steps
    found = answer(tmp_path, {"softmax": value.astype(np.float32)}, {"type": "Text", "labels": ["a", "b"]})
    assert found == {"text": {"text": "aab ", "score": pytest.approx(0.75)}}
    empty = answer(tmp_path, {"softmax": steps}, {"type": "Text", "labels": ["a", "b"], "threshold": 0.8})
    assert empty["text"]["text"] == ""


def test_an_anomaly_has_a_score_a_decision_and_a_mask(tmp_path: Path) -> None:
    heat = np.zeros((1, 1, 64, 64), np.float32)
    heat[..., :32] = 0.625
    outputs: Outputs = {
        "pred_score": np.array([0.875], np.float32),
        "pred_label": np.array([False]),
        "anomaly_map": heat,
        "pred_mask": heat > 0.9,
    }
    own = answer(tmp_path, outputs, {"type": "Anomaly"})["anomaly"]
    assert (own["score"], own["anomalous"]) == (0.875, False)
    assert not decoded(own["mask"]).any()
    chosen = answer(tmp_path, outputs, {"type": "Anomaly", "threshold": 0.6})["anomaly"]
    assert chosen["anomalous"]
    assert decoded(chosen["mask"])[:, :100].all()
    assert decoded(chosen["mask"]).sum() == 100 * 100


def test_multi_label_returns_all_classes_from_the_threshold_on(tmp_path: Path) -> None:
    logits = np.array([[logit(0.75), logit(0.25), logit(0.875)]], np.float32)
    found = answer(tmp_path, {"logits": logits}, {"type": "MultiLabel", "labels": ["a", "b", "c"]})
    assert [(p["label"], round(p["score"], 6)) for p in found["predictions"]] == [("c", 0.875), ("a", 0.75)]


def test_an_embedding_can_be_normalised(tmp_path: Path) -> None:
    found = answer(tmp_path, {"embedding": np.array([[3, 4]], np.float32)}, {"type": "Embedding", "normalize": True})
    assert found["embedding"] == pytest.approx([0.6, 0.8])
