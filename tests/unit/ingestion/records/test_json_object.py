"""Normalised JSON objects of the log."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_ingestion.records.json_object import read_json

OBJECT = {"imageId": "i", "label": "Zürich", "score": 0.5}
TEXT = json.dumps(OBJECT, ensure_ascii=False)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_objects_of_any_encoding_become_plain_utf_8(encoding: str) -> None:
    found = read_json(TEXT.encode(encoding))

    assert found is not None
    assert found.data == OBJECT
    assert json.loads(found.text) == OBJECT
    assert found.text.startswith("{")


def test_text_that_is_plain_already_is_passed_on_as_it_is() -> None:
    text = '{ "imageId":"i",  "score": 1.50 }'
    found = read_json(text.encode())

    assert found is not None
    assert found.text == text


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": [-1E+400]}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a":' * 100_000,
        b'{"a": "\xff"}',
    ],
)
def test_anything_but_a_json_object_is_none(value: bytes) -> None:
    assert read_json(value) is None


@pytest.mark.parametrize("value", [b'{"a": "1e999"}', b'{"a": 1e5}', b'{"a": 12e0000}', b'{"a": "\\ud800"}'])
def test_unusual_but_valid_json_is_accepted(value: bytes) -> None:
    assert read_json(value) is not None


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@given(
    st.binary(max_size=60)
    | st.tuples(anything, st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-8-sig"]), st.booleans()).map(
        lambda made: json.dumps(made[0], ensure_ascii=made[2]).encode(made[1], errors="replace")
    )
)
def test_the_text_is_always_json_that_any_client_can_read(value: bytes) -> None:
    found = read_json(value)
    if found is None:
        return
    again: Any = json.loads(found.text, parse_constant=refuse)
    assert again == found.data
    assert "\x00" not in found.text
    found.text.encode()
