"""The event that says what a stage has seen in an image."""

import json
from dataclasses import replace
from typing import Any

import pytest

from darkroom.events import ANALYZED, Analyzed, ModelUsed, WorkerProcess
from darkroom.stage_settings import Replay
from darkroom_inference.records.result import Results
from darkroom_vision.analyse import Analysis, Timings
from tests.support.services.image_records import example_image, example_settings

MODEL = ModelUsed(name="digits.onnx", sha256="9a")
ANALYSIS = Analysis(
    width=64, height=48, format="png", result={"embedding": [0.5, 1.0]}, timings=Timings(0.0015, 0.002, 0.003)
)


def test_a_result_tells_of_the_image_its_model_and_its_source() -> None:
    outgoing = Results(example_settings(), MODEL).record(example_image(), ANALYSIS)
    assert json.loads(outgoing.value or b"") == {
        "imageId": "i",
        "stage": "classify",
        "model": {"name": "digits.onnx", "sha256": "9a"},
        "image": {"width": 64, "height": 48, "format": "png"},
        "outputType": "Classification",
        "embedding": [0.5, 1.0],
        "timings": {"decodeMs": 1.5, "preprocessMs": 2.0, "inferenceMs": 3.0},
        "source": {"topic": "demo.digits.images", "partition": 3, "offset": 42},
    }
    headers = dict(outgoing.headers)
    assert headers["ce_type"] == ANALYZED.encode()
    assert headers["ce_id"] == b"i.classify"
    assert (outgoing.topic, outgoing.reason, outgoing.image_timestamp_ms) == ("demo.digits.classify.results", "", 1_000)


MASK = {"size": [48, 64], "counts": "0\\`"}
BOX = {"x": 1.0, "y": 0.1, "width": 1e-07, "height": 48.0}
CLASS = {"label": "dög", "index": 3, "score": 0.123456789}


@pytest.mark.parametrize(
    "found",
    [
        {"predictions": []},
        {"predictions": [CLASS, CLASS], "dropped": 3},
        {"predictions": [CLASS | {"box": BOX | {"angle": 90.0}}]},
        {"predictions": [CLASS | {"box": BOX, "mask": MASK}]},
        {"predictions": [CLASS | {"box": BOX, "keypoints": [{"name": "nose", "x": 1.0, "y": 2.0, "score": 0.5}]}]},
        {"classes": [{"label": "road", "index": 0, "fraction": 0.25, "mask": MASK}]},
        {"text": {"text": 'a\u2028\x07"b', "score": 1e22}},
        {"anomaly": {"score": 0.5, "anomalous": True, "mask": MASK}},
        {"embedding": [0.0, -1e-300, 1e16]},
        {"tensor": {"name": "y", "shape": [2], "dtype": "int64", "data": [1, 2**60]}},
    ],
)
def test_a_result_is_the_event_that_the_contract_describes(found: dict[str, Any]) -> None:
    model = ModelUsed(name="digits.onnx", sha256="9a", external_data={"weights.bin": "1f"})
    worker = WorkerProcess(name="digits-classify-7d9f", process=1)
    value = Results(example_settings(), model, worker).record(example_image(), ANALYSIS._replace(result=found)).value
    assert value is not None
    assert Analyzed.model_validate_json(value).to_json() == value


def test_a_result_names_the_process_that_produced_it() -> None:
    worker = WorkerProcess(name="digits-classify-7d9f", process=1)
    outgoing = Results(example_settings(), MODEL, worker).record(example_image(), ANALYSIS)
    assert json.loads(outgoing.value or b"")["worker"] == {"name": "digits-classify-7d9f", "process": 1}


def test_results_have_the_key_of_their_image_or_its_id() -> None:
    assert Results(example_settings(), MODEL).record(example_image(), ANALYSIS).key == b"k"
    without = replace(example_image(), key=None)
    assert Results(example_settings(), MODEL).record(without, ANALYSIS).key == b"i"
    empty = replace(example_image(), key=b"")
    assert Results(example_settings(), MODEL).record(empty, ANALYSIS).key == b""


def test_results_of_a_replay_have_ids_of_their_own() -> None:
    settings = example_settings().model_copy(update={"replay": Replay(generation="again", ranges={})})
    outgoing = Results(settings, MODEL).record(example_image(), ANALYSIS)
    headers = dict(outgoing.headers)
    assert (headers["ce_id"], headers["darkroom-generation"]) == (b"i.classify@again", b"again")
    assert json.loads(outgoing.value or b"")["generation"] == "again"


def test_the_trace_of_an_image_goes_on_in_its_result() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    image = example_image(
        ce_specversion="1.0", ce_type="dev.darkroom.image.received", ce_source="/test", traceparent=trace
    )
    headers = dict(Results(example_settings(), MODEL).record(image, ANALYSIS).headers)
    assert trace.encode() in headers.values()
