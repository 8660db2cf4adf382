"""The Prefer header."""

import pytest

from darkroom_ingestion.http.requests.prefer import wait_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["wait=10"], 10),
        (["respond-async, wait=5"], 5),
        (["respond-async", 'Wait = "7"'], 7),
        (["wait=10; strict"], 10),
        (["wait=100000"], 60),
        (["wait=0"], 0),
        (["wait"], None),
        (["wait=1.5"], None),
        (["wait=-1", "x=wait=3"], None),
        ([], None),
    ],
)
def test_the_wait_preference_is_read_as_rfc_7240_writes_it(headers: list[str], seconds: int | None) -> None:
    assert wait_s(headers) == seconds
