"""Results in one line."""

import pytest

from darkroom.result_fields import summary_of


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"predictions": [{"label": "three", "score": 0.98765}]}, "three 0.988"),
        ({"predictions": []}, "nothing above the threshold"),
        (
            {
                "predictions": [
                    {"label": "person", "score": 0.91, "box": {}},
                    {"label": "dog", "score": 0.884, "box": {}},
                    {"label": "dog", "score": 0.61, "box": {}},
                ],
            },
            "3: person 0.91, dog 0.88, dog 0.61",
        ),
        (
            {"predictions": [{"label": "bird", "score": 0.5, "box": {}}] * 8},
            "8: bird 0.50, bird 0.50, bird 0.50, bird 0.50, bird 0.50, 3 more",
        ),
        (
            {
                "image": {"width": 512, "height": 256},
                "classes": [{"label": "road", "fraction": 0.43}, {"label": "car", "fraction": 0.1234}],
            },
            "class map 512x256: road 43 %, car 12 %",
        ),
        (
            {
                "outputType": "MultiLabel",
                "predictions": [{"label": "sea", "score": 0.9}, {"label": "sky", "score": 0.8}],
            },
            "sea 0.90, sky 0.80",
        ),
        ({"text": {"text": "Hello world", "score": 0.9}}, "Hello world"),
        ({"text": {"text": "", "score": 0.0}}, "no text"),
        ({"anomaly": {"score": 0.934, "anomalous": True}}, "anomalous 0.93"),
        ({"anomaly": {"score": 0.12, "anomalous": False}}, "normal 0.12"),
        ({"embedding": [0.0] * 32}, "embedding of 32 numbers"),
        ({"tensor": {"name": "y", "dtype": "float32", "shape": [1, 10]}}, "y float32 1x10"),
        ({"text": {"text": "two\nlines", "score": 0.5}}, "two lines"),
        ({"text": {"text": "long " * 200, "score": 0.5}}, "long " * 99 + "long…"),
    ],
)
def test_a_summary_is_one_line(result: dict[str, object], words: str) -> None:
    assert summary_of(result) == words


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"predictions": 3},
        {"predictions": [3]},
        {"predictions": {"a": 1}},
        {"predictions": [{"label": "a", "score": "b"}]},
        {"predictions": [{"label": "a", "score": 10**400}]},
        {"classes": [{}]},
        {"text": {"text": 1}},
        {"anomaly": []},
        {"image": "x", "classes": []},
        {"tensor": {"name": "y", "dtype": "z", "shape": 4}},
        {"embedding": 4},
    ],
)
def test_a_result_of_another_version_has_a_summary(result: dict[str, object]) -> None:
    assert summary_of(result) == "an output type unknown to this version"
