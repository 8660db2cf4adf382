"""What happened to an image."""

from typing import Any

from darkroom_ingestion.images.trace import image_trace
from darkroom_ingestion.records.answers import ReceivedImage, StageFailure, StageResult

IMAGE = ReceivedImage("demo/digits", "i", "camera-7", 1_000, "demo.digits.images", 3, 41, "image/jpeg", 612)
MODEL = {"name": "digits", "sha256": "0" * 64}
WORKER = {"name": "pod-a", "process": 1}
SOURCE = {"topic": "demo.digits.images", "partition": 3, "offset": 41}


def result(at_ms: int, stage: str = "classify", offset: int = 7, **data: Any) -> StageResult:
    seven = {"label": "seven", "index": 7, "score": 0.9}
    known = {"model": MODEL, "source": SOURCE, "worker": WORKER}
    whole = {"outputType": "Classification", "predictions": [seven], **known, **data}
    return StageResult(stage, at_ms, whole, 3, offset)


def failure(at_ms: int, *, redriven_at_ms: int | None = None) -> StageFailure:
    place = ("demo.digits.images", 3, 41)
    return StageFailure(
        "embed", at_ms, "DecodeError", "no", 2, None, redriven_at_ms, partition=3, offset=1, source=place
    )


def trace(image: ReceivedImage | None, results: list[StageResult], failures: list[StageFailure]) -> dict[str, Any]:
    return image_trace(("demo", "digits"), "i", image, results, failures, ("classify", "embed", "text"))


def test_steps_are_in_order_of_time_each_with_its_record() -> None:
    found = trace(IMAGE, [result(1_012), result(9_000, "embed")], [failure(1_020, redriven_at_ms=8_000)])
    assert [(step["step"], step["afterMs"]) for step in found["steps"]] == [
        ("Received", 0),
        ("Analyzed", 12),
        ("Failed", 20),
        ("Redriven", 7_000),
        ("Analyzed", 8_000),
    ]
    received, analyzed, failed, redriven, _ = found["steps"]
    assert received["record"] == SOURCE
    assert (received["contentType"], received["bytes"]) == ("image/jpeg", 612)
    assert analyzed["record"] == {"topic": "demo.digits.classify.results", "partition": 3, "offset": 7}
    assert (analyzed["summary"], analyzed["model"], analyzed["source"]) == ("seven 0.900", MODEL, SOURCE)
    assert analyzed["worker"] == WORKER
    assert failed["record"] == {"topic": "demo.digits.embed.dead-letters", "partition": 3, "offset": 1}
    assert (failed["reason"], failed["attempts"], failed["source"]) == ("DecodeError", 2, SOURCE)
    assert (redriven["stage"], redriven["at"]) == ("embed", "1970-01-01T00:00:08.000Z")
    assert found["waiting"] == ["text"]
    assert found["key"] == "camera-7"


def test_results_that_a_replay_has_replaced_are_shown_too() -> None:
    found = trace(IMAGE, [result(5_000, offset=9, generation="v2"), result(1_012)], [])
    assert [step.get("generation") for step in found["steps"]] == [None, None, "v2"]
    assert found["waiting"] == ["embed", "text"]


def test_an_image_that_retention_has_removed_has_its_results_without_a_distance() -> None:
    found = trace(None, [result(1_012)], [])
    assert [(step["step"], step["afterMs"]) for step in found["steps"]] == [("Analyzed", None)]
    assert found["key"] is None


def test_a_result_of_another_program_may_lack_every_detail() -> None:
    (step,) = trace(None, [result(1, model="digits", timings=[], source=7)], [])["steps"]
    assert (step["model"], step["timings"], step["source"]) == (None, None, None)
