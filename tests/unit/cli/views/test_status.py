"""The status of pipelines, in terminals of 80 columns."""

import io
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, RenderableType

from darkroom_cli.views.status import pipeline_view, pipelines_table, state

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


def status(**changed: Any) -> dict[str, Any]:
    worker = {"id": "pod-a-0123456789ab-1", "host": "pod-a", "partitions": [0, 1, 2]}
    stage = {
        "name": "classify",
        "consumerGroup": "demo.digits.classify",
        "groupState": "Stable",
        "workers": [worker],
        "lag": 1_234,
        "ratePerSecond": 5.25,
        "oldestWaitingAt": "2026-11-26T11:47:30.000Z",
        "partitions": [
            {"partition": number, "committed": 10, "end": 20, "lag": number, "worker": worker["id"]}
            for number in range(15)
        ],
        "deadLetters": {"total": 3, "byReason": [{"reason": "DecodeError", "count": 3}]},
        "lastErrors": [{"at": "2026-11-26T11:59:53.000Z", "image": "i-1", "reason": "DecodeError", "message": "[red]"}],
        "advice": ["The lag grows."],
    }
    return {
        "namespace": "demo",
        "name": "digits",
        "suspended": False,
        "conditions": None,
        "advice": [],
        "images": {
            "topic": "demo.digits.images",
            "ratePerSecond": 7.0,
            "partitions": [{"partition": number, "beginning": 0, "end": 20} for number in range(15)],
        },
        "stages": [stage],
    } | changed


UNKNOWN_STAGE = {
    "name": "classify",
    "groupState": None,
    "workers": [],
    "lag": None,
    "ratePerSecond": None,
    "oldestWaitingAt": None,
    "partitions": [],
    "deadLetters": {"total": None, "byReason": []},
    "lastErrors": [],
    "advice": [],
}


def text(shown: RenderableType, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(shown)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert all(len(line) <= width for line in lines)
    return [line.rstrip() for line in lines]


def test_a_pipeline_is_shown_with_all_that_is_known() -> None:
    lines = text(pipeline_view(status(), NOW))
    assert lines[:2] == [
        "demo/digits  Unhealthy",
        "images topic demo.digits.images, 15 partitions, 7.0 images per second",
    ]
    assert "  classify  Stable        1  1,234     5.2             12m  3 DecodeError" in lines
    assert "  classify  pod-a, loop 1  0-2" in lines
    assert "  7s  classify, image i-1: DecodeError: [red]" in lines, "text from the log is no markup"
    assert "  - classify: The lag grows." in lines


def test_the_decision_about_the_number_of_workers_is_shown() -> None:
    stage = status()["stages"][0]
    decided = {"desired": 6, "reason": "BacklogNeedsMore", "lag": 1_200, "drainSeconds": 90, "ratePerSecond": 12.0}
    lines = text(pipeline_view(status(stages=[stage | {"autoscaling": decided}]), NOW))
    at = lines.index("Autoscaling")
    assert [line.split() for line in lines[at + 1 : at + 3]] == [
        ["stage", "desired", "reason", "lag", "drained", "in", "in/s"],
        ["classify", "6", "BacklogNeedsMore", "1,200", "90", "s", "12.0"],
    ]
    unknown = {"desired": 6, "reason": "UnknownOffsets", "lag": None, "drainSeconds": None, "ratePerSecond": None}
    lines = text(pipeline_view(status(stages=[stage | {"autoscaling": unknown}]), NOW))
    assert ["classify", "6", "UnknownOffsets", "unknown", "unknown", "unknown"] in [line.split() for line in lines]


def test_of_many_partitions_those_with_the_largest_lag_are_shown() -> None:
    lines = text(pipeline_view(status(), NOW))
    begin = lines.index("Lag by partition")
    assert [line.split()[0] for line in lines[begin + 2 : begin + 15]] == [*map(str, range(3, 15)), "3"]
    assert "     3 more              3" in lines


def test_what_is_unknown_is_called_so() -> None:
    away = status(
        stages=[UNKNOWN_STAGE], advice=["Kafka does not respond."], images=status()["images"] | {"partitions": []}
    )
    lines = text(pipeline_view(away, NOW))
    assert "images topic demo.digits.images, partitions unknown, 7.0 images per second" in lines
    assert "  classify  unknown  unknown  unknown  unknown               -  unknown" in lines
    row = text(pipelines_table([away], NOW))[1]
    assert row.split() == ["demo/digits", "Unhealthy", "unknown", "unknown", "7.0", "unknown", "-", "unknown"]


def test_of_a_queue_the_reason_why_its_lag_is_unknown_is_shown() -> None:
    queue = status(stages=[UNKNOWN_STAGE | {"ratePerSecond": 5.25, "lagUnknown": "It can't be read."}])
    lines = text(pipeline_view(queue, NOW))
    assert lines[lines.index("Unknown") + 1] == "  - classify: It can't be read."
    assert "  - demo/digits, stage classify: It can't be read." in text(pipelines_table([queue], NOW))


def test_all_pipelines_are_a_table_with_what_to_do_below() -> None:
    unserved = status(suspended=None, stages=[], advice=["The topics are not ready."])
    lines = text(pipelines_table([status(), unserved], NOW))
    assert lines[1].split() == ["demo/digits", "Unhealthy", "1", "1,234", "7.0", "5.2", "12m", "3"]
    assert "NotServed" in lines[2]
    assert "  - demo/digits, stage classify: The lag grows." in lines
    assert "  - demo/digits: The topics are not ready." in lines


def test_the_state_of_a_pipeline() -> None:
    healthy = status(stages=[UNKNOWN_STAGE])
    assert state(healthy) == "Healthy"
    assert state(healthy | {"suspended": True, "advice": ["The pipeline is suspended."]}) == "Suspended"
    assert state(healthy | {"suspended": True, "advice": ["It is suspended.", "Kafka is away."]}) == "Unhealthy"


def test_conditions_are_shown_with_their_age_and_message() -> None:
    condition = {
        "type": "StagesReady",
        "status": "False",
        "reason": "Progressing",
        "message": "stage classify: 0 of 1 workers are ready",
        "lastTransitionTime": "2026-11-24T11:00:00Z",
    }
    lines = text(pipeline_view(status(conditions=[condition]), NOW))
    assert any(line.split()[:4] == ["StagesReady", "False", "Progressing", "2d"] for line in lines)
