"""Models of frameworks, recorded by scripts/golden: Darkroom's settings, model inputs and results are the framework's.

`model.onnx` has the inputs, outputs and metadata of the exported model, and always answers with the outputs that the
exported model gave for the framework's input.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from darkroom_cli.models.analysis import analyse_files
from darkroom_cli.models.detected import detected_block, usable
from darkroom_cli.models.feeds import feeds_of
from darkroom_cli.models.settings import Prepared, prepared_block
from darkroom_cli.models.stage_block import StageBlock
from scripts.golden.compare import differences
from scripts.golden.expected import sampled
from tests.support.documents import ROOT

GOLDEN = ROOT / "tests" / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/expected.json"))
LARGEST = {"pixels": 1, "degrees": 1, "score": 1e-3, "mask": 0.02, "cosine": 1e-6}


@cache
def expected(case: str) -> Any:
    return json.loads((GOLDEN / case / "expected.json").read_text(encoding="utf-8"))


@cache
def block(case: str) -> StageBlock:
    return detected_block(usable(GOLDEN / case / "model.onnx"), "file:model.onnx")


@cache
def stage(case: str) -> Prepared:
    """As `darkroom init` writes it, but Exact: the approximations of Fast are not those of a framework."""
    exact = replace(block(case), input={**block(case).input, "preprocessing": "Exact"})
    return prepared_block(usable(GOLDEN / case / "model.onnx"), exact)


def image(case: str) -> Path:
    return GOLDEN / "images" / expected(case)["image"]


def test_there_are_recordings_of_four_frameworks() -> None:
    frameworks = {expected(case)["framework"].split()[0] for case in CASES}
    assert {"ultralytics", "torchvision", "timm", "transformers"} <= frameworks


@pytest.mark.parametrize("case", CASES)
def test_the_settings_of_a_model_are_recognised(case: str) -> None:
    found = block(case)
    assert {"input": dict(found.input), "output": dict(found.output)} == expected(case)["stage"]
    assert list(found.questions) == expected(case)["questions"]


@pytest.mark.parametrize("case", CASES)
def test_the_input_is_within_a_level_of_the_frameworks(case: str) -> None:
    settings = stage(case).loaded.preprocessor.settings
    ours = sampled(feeds_of(stage(case).loaded, image(case))[settings.name])
    theirs = np.load(GOLDEN / case / "tensor.npz")["sample"]
    level = settings.scale / min(settings.std)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1.01 * level)


@pytest.mark.parametrize("case", CASES)
def test_the_result_is_the_frameworks(case: str) -> None:
    (found,) = analyse_files(stage(case), [image(case)])
    assert not found.failed, found.document
    apart = differences(expected(case)["result"], found.document)
    assert not apart.problems
    assert {name: getattr(apart, name) for name in LARGEST if getattr(apart, name) > LARGEST[name]} == {}
