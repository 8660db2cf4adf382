"""Lines of the audit log."""

import json
import select

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ingestion.audit.records import submitted


def test_a_line_has_who_from_where_what_and_the_outcome() -> None:
    assert json.loads(submitted(details={"image": "i1"}).line()) == {
        "timestamp": "2026-11-26T12:00:00.250000Z",
        "level": "info",
        "logger": "audit",
        "event": "Submit",
        "caller": "alice",
        "method": "TokenFile",
        "address": "192.0.2.7",
        "pipeline": "demo/digits",
        "image": "i1",
        "status": 202,
        "request_id": "r1",
    }


def test_a_refusal_has_what_was_asked_for() -> None:
    line = json.loads(submitted(event="Refused", request="POST /v1/pipelines/demo/digits/images", status=403).line())
    assert (line["event"], line["action"], line["request"]) == (
        "Refused",
        "Submit",
        "POST /v1/pipelines/demo/digits/images",
    )


@given(st.text(max_size=2_000), st.text(max_size=2_000), st.text(max_size=2_000))
def test_no_name_or_path_can_end_the_line_or_make_it_long(caller: str, pipeline: str, request: str) -> None:
    record = submitted(event="Refused", caller=caller, pipeline=pipeline, request=request, details={"image": request})
    line = record.line()
    assert line.isascii()
    assert line[:-1].isprintable()
    assert line.endswith("}\n")
    assert len(line) <= select.PIPE_BUF
    assert json.loads(line)["status"] == 202
