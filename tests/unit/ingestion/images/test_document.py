"""The document of an image, from its results and failures."""

import pytest

from darkroom_ingestion.images.document import image_document
from darkroom_ingestion.records.answers import ReceivedImage, StageFailure, StageResult

IMAGE = ReceivedImage("demo/digits", "i", "camera", 1_000, "demo.digits.images", 3, 42, "image/png", 7)


def result(stage: str, at_ms: int = 10) -> StageResult:
    source = {"topic": "demo.digits.images", "partition": 3, "offset": 42}
    return StageResult(stage, at_ms, {"imageId": "i", "stage": stage, "source": source, "at": at_ms})


def failure(stage: str, at_ms: int = 10, offset: int | None = None, partition: int = 3) -> StageFailure:
    source = None if offset is None else ("demo.digits.images", partition, offset)
    return StageFailure(stage, at_ms, "DecodeError", "ends too early", 1, "1970-01-01T00:00:00.010Z", source=source)


@pytest.mark.parametrize(
    ("results", "failures", "state"),
    [
        ([], [], "Received"),
        ([result("a")], [], "Received"),
        ([], [failure("a")], "Received"),
        ([result("a"), result("b")], [], "Analyzed"),
        ([result("a")], [failure("b")], "PartlyFailed"),
        ([], [failure("a"), failure("b")], "Failed"),
        # Removed stages do not affect the state.
        ([result("a"), result("b")], [failure("old")], "Analyzed"),
        ([result("old")], [failure("a"), failure("b")], "Failed"),
        # The later answer counts.
        ([result("a"), result("b", 20)], [failure("b", 10)], "Analyzed"),
        ([result("a"), result("b", 10)], [failure("b", 20)], "PartlyFailed"),
        ([result("a"), result("b", 20)], [failure("b", 20)], "Analyzed"),
        # Of one record the result counts, whenever the stage failed on it; a later record of the image counts more.
        ([result("a"), result("b", 10)], [failure("b", 20, offset=42)], "Analyzed"),
        ([result("a"), result("b", 10)], [failure("b", 5, offset=43)], "PartlyFailed"),
        ([result("a"), result("b", 10)], [failure("b", 20, offset=41)], "Analyzed"),
        ([result("a"), result("b", 10)], [failure("b", 20, offset=1, partition=4)], "PartlyFailed"),
    ],
)
def test_the_state_depends_on_all_stages(results: list[StageResult], failures: list[StageFailure], state: str) -> None:
    assert image_document("i", IMAGE, results, failures, ["a", "b"])["state"] == state


def test_results_are_the_newest_of_each_stage_in_the_order_of_the_pipeline() -> None:
    found = image_document("i", IMAGE, [result("b"), result("a", 10), result("a", 30), result("old")], [], ["a", "b"])

    assert [(answered["stage"], answered["at"]) for answered in found["results"]] == [("a", 30), ("b", 10), ("old", 10)]
    assert found["key"] == "camera"
    assert found["receivedAt"] == "1970-01-01T00:00:01.000Z"


def test_an_image_of_which_only_results_are_left_still_says_where_it_was() -> None:
    found = image_document("i", None, [result("a")], [], ["a"])

    assert found["state"] == "Analyzed"
    assert found["image"] == {
        "topic": "demo.digits.images",
        "partition": 3,
        "offset": 42,
        "contentType": None,
        "bytes": None,
    }
