"""Rows of results: those that are read in the usual form are as those that are read as any JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.events import Analyzed, ImageSeen, ModelUsed, Source, Timings, WorkerProcess
from darkroom.result_fields import Box, Keypoint, Mask, Prediction
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.records.usual_results import read_usual
from darkroom_ingestion.store.result_rows import LabelRow, ResultRow, result_rows

LARGE = 10**400
BOX = Box(x=1.5, y=2, width=3, height=4, angle=None)
ANALYZED: dict[str, Any] = {
    "image_id": "an-image",
    "stage": "classify",
    "model": ModelUsed(name="digits.onnx", sha256="ab", external_data=None),
    "image": ImageSeen(width=640, height=480, format="jpeg"),
    "timings": Timings(decode_ms=1, preprocess_ms=0.5, inference_ms=2.25),
    "source": Source(topic="demo.digits.images", partition=1, offset=2),
}
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20)
labels = st.sampled_from(["seven", "one", "", "a  b\n", "\x00", "é" * 300, "\ud800", "x" * 600]) | st.text(max_size=5)
boxes = st.fixed_dictionaries(
    {"x": numbers, "y": numbers, "width": numbers, "height": numbers}, optional={"angle": st.none() | numbers}
)
predictions = st.lists(
    st.fixed_dictionaries(
        {"label": labels, "index": st.integers(0, 9), "score": numbers | numbers | st.just(LARGE)},
        optional={"box": boxes | boxes | st.none()},
    ),
    max_size=8,
)
results = st.fixed_dictionaries(
    {
        "imageId": st.sampled_from(["an-image", "", "x" * 1_001, "é" * 400, "\x00"]),
        "stage": st.just("classify"),
        "model": st.just({"name": "digits.onnx", "sha256": "ab"}),
        "image": st.just({"width": 640, "height": 480, "format": "jpeg"}),
        "predictions": predictions,
        "timings": st.fixed_dictionaries({"decodeMs": numbers, "preprocessMs": numbers, "inferenceMs": numbers}),
        "source": st.just({"topic": "demo.digits.images", "partition": 1, "offset": 2}),
    },
    optional={
        "outputType": st.sampled_from(["Classification", "MultiLabel", "Detection", "Unknown", None]),
        "generation": st.sampled_from(["again", "\x00", "x" * 50, None]),
        "dropped": st.none() | st.integers(),
        "worker": st.just({"name": "a", "process": 0}),
    },
)


def rows_of(value: bytes, headers: list[tuple[str, bytes | None]]) -> tuple[ResultRow, list[LabelRow]] | None:
    """The rows without their data, which has to be `value`."""
    rows = result_rows("demo/digits", "classify", LogRecord("t", 1, 2, 3, None, headers, value))
    if rows is None:
        return None
    row, labels = rows
    assert row.data.encode() == value
    return row._replace(data=""), labels


@given(result=results, headers=st.sampled_from([[("ce_id", b"an-event")], []]))
def test_the_rows_do_not_depend_on_how_a_result_is_read(
    result: dict[str, Any], headers: list[tuple[str, bytes | None]]
) -> None:
    assert read_usual(json.dumps(result | {"another": 1}).encode()) is None

    assert rows_of(json.dumps(result).encode(), headers) == rows_of(
        json.dumps(result | {"another": 1}).encode(), headers
    )


@pytest.mark.parametrize(
    ("fields", "usual"),
    [
        ({}, True),
        ({"output_type": "Classification"}, True),
        ({"output_type": "Detection", "predictions": [Prediction(label="a", index=0, score=0.5, box=BOX)]}, True),
        (
            {"output_type": "OrientedDetection", "predictions": [Prediction(label="a", index=0, score=0.5, box=BOX)]},
            True,
        ),
        ({"worker": WorkerProcess(name="a", process=0), "generation": "again", "dropped": 2}, True),
        ({"model": ModelUsed(name="m.onnx", sha256="ab", external_data={"m.onnx.data": "cd"})}, True),
        ({"predictions": []}, False),
        ({"predictions": None, "embedding": [0.5]}, False),
        (
            {"predictions": [Prediction(label="a", index=0, score=0.5, mask=Mask(size=[1, 1], counts="0"))]},
            False,
        ),
        (
            {
                "predictions": [
                    Prediction(label="a", index=0, score=1, keypoints=[Keypoint(name=None, x=0, y=0, score=1)])
                ]
            },
            False,
        ),
    ],
)
def test_results_of_workers_with_predictions_are_usual(fields: dict[str, Any], usual: bool) -> None:
    found: dict[str, Any] = {"predictions": [Prediction(label="seven", index=7, score=1)], **fields}

    assert (read_usual(Analyzed(**ANALYZED | found).to_json()) is not None) == usual


@pytest.mark.parametrize("part", [{"timings": {"decodeMs": "1e999"}}, {"source": {"offset": "1e999"}}])
def test_numbers_beyond_a_double_are_refused(part: dict[str, dict[str, str]]) -> None:
    ((name, fields),) = part.items()
    value = Analyzed(**ANALYZED, predictions=[Prediction(label="a", index=0, score=1)]).to_json()
    for field, number in fields.items():
        said = json.loads(value)[name]
        value = value.replace(f'"{field}":{json.dumps(said[field])}'.encode(), f'"{field}":{number}'.encode())
    assert b"1e999" in value

    assert rows_of(value, []) is None
