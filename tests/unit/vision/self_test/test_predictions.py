"""Predictions are matched by class and box, in any order; differences beyond the tolerance are named."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.api.output import Output
from darkroom.api.self_test import Expect, Tolerance
from darkroom_vision.self_test.predictions import prediction_differences
from darkroom_vision.self_test.saved import expectation
from tests.support.models.results import box, named, results


def told(
    expected: list[dict[str, Any]], actual: list[dict[str, Any]], tolerance: Tolerance | None = None, **output: Any
) -> list[str]:
    expect = Expect.model_validate({"predictions": expected})
    spec = Output.model_validate({"type": "Detection"} | output)
    return [str(one) for one in prediction_differences(expect, actual, tolerance or Tolerance(), spec)]


CAT = named("cat", score=0.91, box=box(10, 10, 40, 40))
DOG = named("dog", score=0.88, box=box(200, 10, 40, 40))
SCORES = {"type": "Classification"}


@pytest.mark.parametrize(
    ("actual", "messages"),
    [
        ([DOG, CAT], []),
        ([CAT | {"score": 0.42}, DOG], ["predictions[0].score: expected 0.91, got 0.42 (tolerance 0.02)"]),
        ([CAT], ["predictions[1]: expected dog 0.88 at (200, 10, 40, 40), got none"]),
        (
            [CAT, DOG, CAT | {"box": box(12, 9, 40, 40)}],
            ["predictions: expected no more, got cat 0.91 at (12, 9, 40, 40)"],
        ),
        ([CAT, DOG | named("fox")], ["predictions[1].label: expected dog, got fox"]),
        (
            [CAT | {"box": box(10, 15, 40, 40)}, DOG],
            [
                "predictions[0].box, top edge: expected 10, got 15 (tolerance 2)",
                "predictions[0].box, bottom edge: expected 50, got 55 (tolerance 2)",
            ],
        ),
        (
            [DOG | {"box": CAT["box"]}, CAT | {"box": DOG["box"]}],
            ["predictions[0].label: expected cat, got dog", "predictions[1].label: expected dog, got cat"],
        ),
    ],
    ids=["another order", "score", "one too few", "one too many", "another class", "another box", "swapped classes"],
)
def test_boxes(actual: list[dict[str, Any]], messages: list[str]) -> None:
    assert told([CAT, DOG], actual) == messages


def test_a_box_close_to_the_threshold_may_come_and_go() -> None:
    faint = named("cat", score=0.26, box=box(500, 500, 9, 9))
    assert told([CAT, faint], [CAT]) == []
    assert told([CAT], [CAT, faint]) == []
    assert len(told([CAT, faint], [CAT], threshold=0.2)) == 1
    assert len(told([CAT], [CAT, faint], threshold=0.2)) == 1


def test_a_box_close_to_the_last_of_a_full_list_may_be_replaced() -> None:
    other = DOG | {"score": 0.87, "box": box(300, 300, 9, 9)}
    assert told([CAT, DOG], [CAT, other], maxDetections=2) == []
    assert len(told([CAT, DOG], [CAT, other])) == 2


def test_an_expected_box_may_leave_out_everything_but_its_class() -> None:
    assert told([{"label": "dog"}, {"label": "cat"}], [CAT, DOG]) == []
    assert told([{"label": "dog"}], [CAT, DOG]) == ["predictions: expected no more, got cat 0.91 at (10, 10, 40, 40)"]


def test_a_name_of_any_length_is_told() -> None:
    assert told([], [named("a" * 5_000, score=0.9)]) == [f"predictions: expected no more, got {'a' * 5_000} 0.9"]


def test_angles_are_the_same_after_half_a_turn() -> None:
    expected = [named("ship", score=0.9, box=box(0, 0, 50, 10, angle=0.5))]
    turned = [named("ship", score=0.9, box=box(0, 0, 50, 10, angle=179.5))]
    assert told(expected, turned, type="OrientedDetection") == []
    crossed = [named("ship", score=0.9, box=box(0, 0, 50, 10, angle=90))]
    assert told(expected, crossed, type="OrientedDetection") == [
        "predictions[0].box.angle: expected 0.5, got 90 (tolerance 2)"
    ]


SEVEN, ONE, TWO = named("seven", score=0.9), named("one", score=0.06), named("two", score=0.04)


@pytest.mark.parametrize(
    ("expected", "actual", "messages"),
    [
        ([SEVEN, ONE, TWO], [SEVEN, TWO, ONE], []),
        ([SEVEN], [SEVEN, ONE, TWO], []),
        ([{"label": "seven"}], [SEVEN, ONE, TWO], []),
        ([{"label": "one"}], [SEVEN, ONE, TWO], ["predictions[0].label: expected one, got seven 0.9"]),
        ([{"label": "six"}], [SEVEN, ONE, TWO], ["predictions[0]: expected six, got seven 0.9"]),
        (
            [SEVEN],
            [named("three", score=0.95), named("seven", score=0.02), ONE],
            [
                "predictions[0].score: expected 0.9, got 0.02 (tolerance 0.02)",
                "predictions: expected no more, got three 0.95",
            ],
        ),
        ([SEVEN, ONE], [named("three", score=0.9), ONE, TWO], ["predictions[0].label: expected seven, got three"]),
        ([SEVEN, ONE, TWO], [SEVEN, ONE, named("six", score=0.04)], []),
    ],
    ids=[
        "close scores in another order", "only the best", "only its label", "another best", "a class that is not there",
        "a worse score", "another class", "the last replaced by one as good",
    ],
)  # fmt: skip
def test_classes_of_an_image(expected: list[dict[str, Any]], actual: list[dict[str, Any]], messages: list[str]) -> None:
    assert told(expected, actual, **SCORES) == messages


def test_a_multi_label_result_has_no_more_than_the_expected_labels() -> None:
    assert told([SEVEN], [SEVEN, named("one", score=0.8)], type="MultiLabel") == [
        "predictions: expected no more, got one 0.8"
    ]
    assert told([SEVEN], [SEVEN, named("one", score=0.51)], type="MultiLabel") == []


@pytest.mark.parametrize("output_type", ["Classification", "MultiLabel", "Detection", "OrientedDetection"])
@settings(max_examples=25)
@given(data=st.data())
def test_a_changed_prediction_fails_and_is_named(output_type: str, data: st.DataObject) -> None:
    found = data.draw(results(output_type).filter(lambda result: bool(result["predictions"])))["predictions"]
    # So far apart that only one expected prediction fits.
    found = [
        one | {"score": 1 - i / 20} | ({"box": one["box"] | {"x": i * 1000.0}} if "box" in one else {})
        for i, one in enumerate(found)
    ]
    expect, _ = expectation({"predictions": found})
    # The last class of a full list may be replaced by one with the same score.
    last = len(found) - 1 if output_type != "Classification" or len(found) == 1 else len(found) - 2
    i = data.draw(st.integers(0, last))
    kinds = ["label", "score", *(["box"] if "box" in found[i] else [])]
    match data.draw(st.sampled_from(kinds)):
        case "label":
            changed = found[i] | named("zebra")
        case "score":
            changed = found[i] | {"score": found[i]["score"] - 0.03}
        case _:
            changed = found[i] | {"box": found[i]["box"] | {"width": found[i]["box"]["width"] + 3}}
    messages = told(expect["predictions"], [*found[:i], changed, *found[i + 1 :]], type=output_type)
    assert messages
    assert all(message.startswith((f"predictions[{i}]", "predictions: ")) for message in messages)
