"""Progress of a replay on stdout."""

import json

import pytest

from darkroom_inference.replay.report import counted, report


def test_progress_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    report("underWay", left=3, problem=None, **counted({"analyzed": 2}))
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed) == {
        "replay": "underWay",
        "left": 3,
        "problem": None,
        "analyzed": 2,
        "failed": 0,
        "skipped": 0,
    }
