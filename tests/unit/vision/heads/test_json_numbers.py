"""Float32 values keep their precision in JSON; NaN and infinity are refused."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from darkroom_vision.failures import InferenceError
from tests.support.models.heads import FRAME, head_for, result


@settings(deadline=None)
@given(
    st_numpy.arrays(
        np.float32, st.sampled_from([3, 40]), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
    )
)
def test_a_float32_is_the_same_after_json(values: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    found = result(head_for(values[None], type="Tensor"), [values[None]])
    read = np.array(json.loads(json.dumps(found))["tensor"]["data"], np.float32)
    np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize("kind", ["Classification", "Embedding", "Tensor"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_a_failure_of_the_image(kind: str, bad: float) -> None:
    value = np.array([[1.0, bad]], np.float32)
    with pytest.raises(InferenceError, match="'scores' holds NaN or infinity for this image"):
        head_for(np.zeros((1, 2), np.float32), type=kind).results([value], [FRAME])
