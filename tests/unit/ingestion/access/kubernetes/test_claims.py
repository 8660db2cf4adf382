"""Claims are read from tokens that anybody may have made."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_ingestion.access.kubernetes.claims import audiences_of, expiry_of, unverified_claims


def token(claims: Any) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def test_claims_of_a_token() -> None:
    claims = unverified_claims(token({"aud": ["darkroom"], "exp": 7}))
    assert (audiences_of(claims), expiry_of(claims)) == (["darkroom"], 7.0)
    assert audiences_of({"aud": "one"}) == ["one"]
    assert (audiences_of({}), expiry_of({})) == ([], None)


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.%%.c", token([1]), "..", token("x"), "e30.e30"])
def test_what_is_not_a_json_web_token_has_no_claims(text: str) -> None:
    assert unverified_claims(text) == {}


@given(st.text(max_size=50).map(lambda text: f"a.{text}.c") | st.recursive(st.none(), st.lists).map(token))
def test_no_token_is_an_error(text: str) -> None:
    claims = unverified_claims(text)
    audiences_of(claims)
    expiry_of(claims)
