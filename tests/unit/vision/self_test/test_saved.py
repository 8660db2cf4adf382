"""A saved result is bounded in size, and the result that it was saved from passes it."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.api.output import Output, OutputType
from darkroom.api.self_test import Expect, Tolerance
from darkroom_vision.self_test.compare import differences
from darkroom_vision.self_test.saved import expectation
from tests.support.models.results import box, mask, named, results


@pytest.mark.parametrize("output_type", get_args(OutputType))
def test_a_result_passes_the_test_that_was_saved_from_it(output_type: str) -> None:
    output = Output.model_validate({"type": output_type})

    @settings(max_examples=25)
    @given(results(output_type), st.randoms())
    def passes(result: dict[str, Any], shuffled: Any) -> None:
        expect, notes = expectation(result)
        assert notes == []
        if output_type != "Classification":
            shuffled.shuffle(expect.get("predictions", []))
        assert differences(Expect.model_validate(expect), result, Tolerance(), output) == []

    passes()


def test_only_the_best_predictions_are_saved_and_further_ones_are_allowed() -> None:
    found = [named("cat", score=1 - i / 100, box=box(i * 10, 0, 9, 9)) for i in range(60)]
    expect, notes = expectation({"predictions": found})
    assert (len(expect["predictions"]), expect["dropped"]) == (50, 10)
    assert notes == ["Only the best 50 of 60 predictions are compared."]
    detection = Output(type="Detection")
    assert differences(Expect.model_validate(expect), {"predictions": found}, Tolerance(), detection) == []
    better = [*found[1:], named("dog", score=0.9, box=box(0, 500, 9, 9))]
    wrong = differences(Expect.model_validate(expect), {"predictions": better}, Tolerance(), detection)
    assert [str(one) for one in wrong] == [
        "predictions[0]: expected cat 1 at (0, 0, 9, 9), got none",
        "predictions: expected no more, got dog 0.9 at (0, 500, 9, 9)",
    ]


def test_a_large_mask_is_left_out() -> None:
    large = mask(0, 50) | {"counts": "a" * 1001}
    expect, notes = expectation(
        {"predictions": [named("a", score=1, mask=large), named("b", score=1, mask=mask(0, 1))]}
    )
    assert [sorted(one) for one in expect["predictions"]] == [
        ["index", "label", "score"],
        ["index", "label", "mask", "score"],
    ]
    assert notes == ["Masks of more than 1,000 characters are not compared."]


def test_a_large_tensor_is_compared_by_its_shape() -> None:
    tensor = {"name": "y", "shape": [2, 600], "dtype": "float32", "data": [0.5] * 1200}
    expect, notes = expectation({"tensor": tensor})
    assert expect == {"tensor": {"name": "y", "shape": [2, 600], "dtype": "float32"}}
    assert notes == ["Numbers are not compared, because the tensor has more than 1,000."]
