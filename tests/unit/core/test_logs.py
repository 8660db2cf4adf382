"""The context fields of log lines."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from darkroom.logs import configure_logs, log_fields


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs("json")
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_all_lines_within_a_context_have_its_fields(lines: io.StringIO) -> None:
    log = structlog.get_logger("ours")
    with structlog.contextvars.bound_contextvars(loop=1), log_fields(lambda: {"image_id": "a", "offset": 7}):
        log.warning("decoded badly", offset=8)
        logging.getLogger("a.library").warning("hm")
    log.warning("done")
    ours, theirs, after = map(json.loads, lines.getvalue().splitlines())
    assert (ours["image_id"], ours["offset"], ours["loop"], ours["event"]) == ("a", 8, 1, "decoded badly")
    assert (theirs["image_id"], theirs["offset"], theirs["loop"], theirs["event"]) == ("a", 7, 1, "hm")
    assert "image_id" not in after
