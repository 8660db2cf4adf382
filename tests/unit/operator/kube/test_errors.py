"""Errors of the API server: which are transient, and what their reason may be."""

import pytest

from darkroom.api.status import Condition
from darkroom_operator.kube.errors import ApiError


@pytest.mark.parametrize(
    ("status", "transient"), [(0, True), (409, True), (429, True), (500, True), (503, True), (403, False), (422, False)]
)
def test_which_refusals_pass(status: int, transient: bool) -> None:
    assert ApiError(status, "X", "x").is_transient is transient


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("Forbidden", "Forbidden"),
        ("denied by policy: no latest tag", "Http422"),
        ("", "Http422"),
        ("trailing,", "Http422"),
    ],
)
def test_a_reason_is_always_one_that_a_condition_may_have(given: str, reason: str) -> None:
    error = ApiError(422, given, "x")
    assert error.reason == reason
    Condition(type="Ready", status="False", reason=error.reason, last_transition_time="2026-01-01T00:00:00Z")
