"""Extra inputs: facts about the image for PaddleDetection and RT-DETR, and constants."""

from typing import Any

import numpy as np
import pytest

from darkroom_vision.imaging.framing import Framing, fit
from darkroom_vision.model.extra_inputs import Constant, ExtraInputs, resolve_extra_inputs
from darkroom_vision.model.session import Port

STRETCH = Framing(640, 320)


def resolved(port: Port, constants: dict[str, Constant]) -> ExtraInputs:
    problems: list[str] = []
    found = resolve_extra_inputs([port], constants, problems)
    assert problems == []
    return found


def problem(port: Port, constants: dict[str, Constant]) -> str:
    problems: list[str] = []
    resolve_extra_inputs([port], constants, problems)
    return "; ".join(problems)


@pytest.mark.parametrize(
    ("name", "kind", "framing", "expected"),
    [
        # An image of 1280 x 960 in an input of 640 x 320: height by a third, width by half.
        ("scale_factor", "float", STRETCH, np.array([[320 / 960, 0.5]], np.float32)),
        ("im_shape", "float", STRETCH, np.array([[320, 640]], np.float32)),
        ("orig_target_sizes", "int64", STRETCH, np.array([[1280, 960]], np.int64)),
        # Letterboxed to 427 x 320 (1280 / 3 = 426.67).
        (
            "scale_factor",
            "float",
            Framing(640, 320, "Letterbox", pad_at="TopLeft"),
            np.array([[320 / 960, 427 / 1280]], np.float32),
        ),
    ],
)
def test_facts_about_the_image_are_filled_in(
    name: str, kind: str, framing: Framing, expected: np.ndarray[Any, Any]
) -> None:
    extra = resolved(Port(name, f"tensor({kind})", (None, 2)), {})
    (value,) = extra.feeds(fit((1_280, 960), framing)).values()
    assert value.dtype == expected.dtype
    np.testing.assert_allclose(value, expected, rtol=1e-7)


def test_a_fact_can_have_no_batch_axis() -> None:
    extra = resolved(Port("orig_target_sizes", "tensor(int64)", (2,)), {})
    assert extra.feeds(fit((5, 7), STRETCH))["orig_target_sizes"].tolist() == [5, 7]


@pytest.mark.parametrize(
    ("kind", "shape", "value", "expected"),
    [
        ("float", (1,), 0.5, np.array([0.5], np.float32)),
        ("float", (), 0.5, np.array(0.5, np.float32)),
        ("int64", (None, 2), [3, 4], np.array([[3, 4]], np.int64)),
        ("float16", (2, 2), 1, np.ones((2, 2), np.float16)),
        ("bool", (1,), True, np.array([True])),
        ("float", (2, 1), [[1.5], [2]], np.array([[1.5], [2]], np.float32)),
    ],
)
def test_a_constant_gets_the_type_and_shape_of_its_input(
    kind: str, shape: tuple[int | None, ...], value: Constant, expected: np.ndarray[Any, Any]
) -> None:
    extra = resolved(Port("x", f"tensor({kind})", shape), {"x": value})
    (found,) = extra.feeds(fit((5, 7), STRETCH)).values()
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("kind", "shape", "constants", "words"),
    [
        ("float", (1,), {}, "it has an extra input 'x', tensor(float) of shape (1): set input.extraInputs.x"),
        ("float", (1,), {"x": 1, "y": 2}, "input.extraInputs names 'y', which is not one of its extra inputs (x)"),
        (
            "float",
            (3,),
            {"x": [1, 2]},
            "'x', tensor(float) of shape (3) does not have the shape of input.extraInputs.x",
        ),
        ("float", (3,), {"x": [[1, 2, 3]]}, "does not have the shape of input.extraInputs.x"),
        ("int64", (1,), {"x": 1.5}, "'x', tensor(int64) of shape (1) does not hold 1.5: change input.extraInputs.x"),
        ("uint8", (1,), {"x": 256}, "does not hold 256"),
        ("string", (1,), {"x": 1}, "'x', tensor(string) of shape (1) can't be set: its type must be numeric"),
    ],
)
def test_an_input_that_cannot_be_fed_is_refused(
    kind: str, shape: tuple[int, ...], constants: dict[str, Constant], words: str
) -> None:
    assert words in problem(Port("x", f"tensor({kind})", shape), constants)


def test_a_fact_of_another_shape_is_refused() -> None:
    words = "its input 'scale_factor', tensor(float) of shape (1, 4) is not two numbers"
    assert words in problem(Port("scale_factor", "tensor(float)", (1, 4)), {})
