"""The trace of an image in a terminal of 80 columns."""

import io
from typing import Any

from rich.console import Console

from darkroom_cli.views.trace import heading, steps_table

RECEIVED = {
    "step": "Received",
    "at": "2026-11-26T12:00:00.000Z",
    "afterMs": 0,
    "record": {"topic": "demo.digits.images", "partition": 7, "offset": 42},
    "contentType": "image/jpeg",
    "bytes": 1_612,
}
ANALYZED = {
    "step": "Analyzed",
    "at": "2026-11-26T12:00:01.500Z",
    "afterMs": 1_500,
    "stage": "classify",
    "record": {"topic": "demo.digits.classify.results", "partition": 7, "offset": 1},
    "summary": "seven 1.000",
    "model": {"name": "digits.onnx", "sha256": "9a" * 32},
    "timings": {"decodeMs": 0.25, "preprocessMs": 1, "inferenceMs": 12.04},
    "worker": {"name": "digits-classify-0", "process": 1},
}
TRACE: dict[str, Any] = {"id": "i", "state": "Analyzed", "key": "camera-7", "steps": [RECEIVED, ANALYZED]}


def lines(trace: dict[str, Any]) -> list[str]:
    console = Console(file=io.StringIO(), width=80, highlight=False)
    console.print(steps_table(trace))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_every_step_has_its_details_below_each_other() -> None:
    assert heading(TRACE) == "i: Analyzed, received 2026-11-26T12:00:00.000Z, key camera-7"
    assert lines(TRACE) == [
        "after  step                  details",
        " 0 ms  Received              image/jpeg, 1,612 bytes",
        "                             demo.digits.images 7@42",
        "1.5 s  Analyzed by classify  seven 1.000",
        "                             model digits.onnx 9a9a9a9a9a9a",
        "                             decode 0.2 ms, preprocess 1.0 ms, inference 12.0 ms",
        "                             worker digits-classify-0, process 1",
        "                             demo.digits.classify.results 7@1",
    ]


def test_steps_of_an_image_that_retention_has_removed_have_their_time() -> None:
    only = TRACE | {"steps": [ANALYZED | {"afterMs": None}], "key": None}
    assert heading(only) == "i: Analyzed"
    assert lines(only)[1].startswith("2026-11-26T12:00:01.500Z  Analyzed by classify  seven 1.000")
