"""Challenges of registries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_vision.sources.oci.authentication import Challenge, challenges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            'Bearer realm="https://auth.example/token",service="r",scope="repository:a/b:pull,push"',
            Challenge(
                "bearer", {"realm": "https://auth.example/token", "service": "r", "scope": "repository:a/b:pull,push"}
            ),
        ),
        ('bearer  realm="x"', Challenge("bearer", {"realm": "x"})),
        ('Basic realm="Registry"', Challenge("basic", {"realm": "Registry"})),
        ("Basic", Challenge("basic", {})),
    ],
)
def test_a_challenge_is_parsed(header: str, expected: Challenge) -> None:
    assert challenges([header, "Negotiate"]) == [expected]


@given(st.lists(st.text(max_size=40), max_size=3))
def test_other_headers_are_ignored(headers: list[str]) -> None:
    assert all(challenge.scheme in {"bearer", "basic"} for challenge in challenges(headers))
