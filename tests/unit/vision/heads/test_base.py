"""What every head has in common."""

import numpy as np
import pytest

from darkroom.events import Analyzed
from darkroom_vision.failures import InferenceError
from tests.support.models.heads import FRAME, head_for, result


def test_a_batch_without_a_row_for_each_image_is_a_failure() -> None:
    head = head_for(np.zeros((1, 3), np.float32), type="Classification")
    with pytest.raises(InferenceError, match="'scores' has 1 rows for 2 images"):
        head.results([np.zeros((1, 3), np.float32)], [FRAME] * 2)


@pytest.mark.parametrize("kind", ["Classification", "Embedding", "Tensor"])
def test_results_are_the_fields_of_an_analyzed_event(kind: str) -> None:
    value = np.array([[0.5, 0.25]], np.float32)
    found = result(head_for(value, type=kind), [value])
    schema = Analyzed.model_json_schema(by_alias=True)
    (field,) = found
    assert field in schema["properties"]
