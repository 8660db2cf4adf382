"""Cursors of pages."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.http.requests.cursors import (
    MAX_LENGTH,
    read_dead_letter_cursor,
    read_result_cursor,
    write_cursor,
)

wild_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=5),
    max_leaves=6,
)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_cursor_is_read_as_it_was_written() -> None:
    assert read_result_cursor(write_cursor((5, "é"))) == (5, "é")
    assert read_dead_letter_cursor(write_cursor((5, "t", 1, 2**40))) == (5, "t", 1, 2**40)
    assert read_result_cursor(None) is read_dead_letter_cursor(None) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "é", "!", "A", encoded("null"), encoded("{}"), encoded("[" * 1_400), encoded("9" * 1_400)),
        *(encoded(r'[1, "\ud800"]'), encoded(r'[1, "\u0000"]'), encoded(f'[{2**63}, "a"]'), encoded('[1, "a", 2]')),
        *(encoded(r'[1, "\ud800", 1, 1]'), encoded(r'[1, "\u0000", 1, 1]'), encoded(f'[1, "t", {2**31}, 1]')),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert len(text) <= MAX_LENGTH
    for read in (read_result_cursor, read_dead_letter_cursor):
        with pytest.raises(HttpProblem, match="not a cursor"):
            read(text)


@given(st.text(max_size=50) | wild_json.map(lambda value: encoded(json.dumps(value))))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    for read in (read_result_cursor, read_dead_letter_cursor):
        try:
            read(text)
        except HttpProblem as problem:
            assert problem.status == 422  # noqa: PT017
