"""Which refusals of the API server are transient."""

import pytest

from darkroom_operator.kube.errors import ApiError


@pytest.mark.parametrize(
    ("status", "transient"), [(0, True), (409, True), (429, True), (500, True), (503, True), (403, False), (422, False)]
)
def test_which_refusals_pass(status: int, transient: bool) -> None:
    assert ApiError(status, "X", "x").is_transient is transient
