"""A vector as the event carries it."""

import numpy as np

from tests.support.models.heads import head_for, result


def test_embedding_is_the_vector_as_the_model_gave_it() -> None:
    value = np.array([[0.5, -3.0, 0.0]], np.float32)
    found = result(head_for(value, type="Embedding"), [value])
    assert found == {"embedding": [0.5, -3.0, 0.0]}
