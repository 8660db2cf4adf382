"""The Range header."""

import pytest

from darkroom_ingestion.http.requests.ranges import Unsatisfiable, byte_range


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("Bytes = 5 - 5", (5, 6)),
        # RFC 9110, section 14.2: what is not understood is ignored.
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=9-0", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=one-two", None),
        ("bytes=0-" + "9" * 400, None),
    ],
)
def test_one_range_of_bytes_is_understood(header: str | None, found: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == found


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-1", 0)])
def test_a_range_beyond_the_end_is_refused(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        byte_range(header, size)
