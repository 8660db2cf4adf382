"""Results as text."""

import pytest

from darkroom_cli.views.results import outcome


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"predictions": [{"label": "three", "score": 0.98765}]}, "three 0.988"),
        ({"predictions": []}, "nothing above the threshold"),
        ({"embedding": [0.0] * 32}, "embedding of 32"),
        ({"tensor": {"name": "y", "dtype": "float32", "shape": [1, 10]}}, "y float32 1x10"),
        ({"reason": "DecodeError", "message": "not a JPEG"}, "DecodeError: not a JPEG"),
    ],
)
def test_an_outcome_is_a_few_words(result: dict[str, object], words: str) -> None:
    assert outcome(result) == words
