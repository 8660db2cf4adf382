"""Embeddings in an event."""

import numpy as np

from tests.support.models.heads import head_for, result


def test_the_embedding_is_the_models_vector() -> None:
    value = np.array([[0.5, -3.0, 0.0]], np.float32)
    found = result(head_for(value, type="Embedding"), [value])
    assert found == {"embedding": [0.5, -3.0, 0.0]}
