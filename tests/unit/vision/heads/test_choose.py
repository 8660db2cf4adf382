"""Choosing the output that a stage reads; contradictions between model and stage are refused."""

from typing import Any

import numpy as np
import pytest

from darkroom.api.output import Output
from darkroom_vision.heads.choose import choose_head
from darkroom_vision.heads.classification import ClassificationHead
from darkroom_vision.heads.trial import Trial
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.session import Value
from tests.support.models.heads import FRAME, LABELS, URI, head_for, port


def test_the_first_output_with_scores_is_read_not_the_label_before_it() -> None:
    trial: list[Value] = [np.array([1], np.int64), np.array([[0.25, 0.75]], np.float32)]
    ports = (port("label", "tensor(int64)"), port("probabilities"))
    head = choose_head(Trial(URI, ports, trial), Output(type="Classification", top_k=1), None)
    assert isinstance(head, ClassificationHead)
    assert head.name == "probabilities"
    assert head.results(trial, [FRAME]) == [{"predictions": [{"label": "1", "index": 1, "score": 0.75}]}]


@pytest.mark.parametrize(
    ("trial", "labels", "spec", "words"),
    [
        (np.zeros((1, 10), np.float32), LABELS, {"type": "Classification"}, "has 10 classes, output.labels names 3"),
        (
            np.zeros((1, 3, 8, 8), np.float32),
            None,
            {"type": "Classification"},
            r"of shape \(1, 3, 8, 8\) for one image",
        ),
        (
            np.zeros((1, 3), np.float32),
            None,
            {"type": "Tensor", "name": "x"},
            "no output 'x': set output.name to one of s",
        ),
        (np.array(["a"], object), None, {"type": "Tensor"}, "which is not a numeric tensor"),
    ],
)
def test_an_output_that_contradicts_the_pipeline_is_refused(
    trial: Value, labels: list[str] | None, spec: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelMismatch, match=f"model {URI}: .*{words}"):
        head_for(trial, labels, **spec)
