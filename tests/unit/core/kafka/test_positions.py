"""Positions as users write them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.kafka.positions import AtOffset, AtTime, BadPosition, Position, check_range, parse_position

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("beginning", "beginning"),
        ("end", "end"),
        ("0", AtOffset(0)),
        ("1200", AtOffset(1200)),
        ("2026-11-23T12:00:00Z", AtTime(1_795_435_200_000)),
        ("2026-11-23T13:00:00.250+01:00", AtTime(1_795_435_200_250)),
        ("1970-01-01T00:00:00Z", AtTime(0)),
    ],
)
def test_a_position_is_an_edge_an_offset_or_a_time(text: str, position: Position) -> None:
    assert parse_position(text) == position


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "-1", "1.5", "+3", "²", "99999999999999999999", "2026-11-23T12:00:00", "2026-13-01T00:00:00Z"],
)
def test_text_that_is_no_position_is_refused_with_the_valid_forms(text: str) -> None:
    with pytest.raises(BadPosition, match=r"is not a position: use beginning, end, an offset such as 1200, or"):
        parse_position(text)


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(BadPosition):
        parse_position(text)


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)),  # noqa: DTZ001 - hypothesis wants them so
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_is_the_same_in_every_zone(at: datetime, minutes: int) -> None:
    elsewhere = at.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_position(elsewhere.isoformat()) == parse_position(at.replace(tzinfo=UTC).isoformat())


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        (AtTime(2), AtTime(1), "--from is later than --to: swap them"),
        (AtOffset(7), AtOffset(3), "--from 7 is after --to 3: swap them"),
        ("end", "end", "--from end selects no records"),
        ("beginning", "beginning", "--to beginning selects no records"),
    ],
)
def test_a_range_the_wrong_way_round_is_refused(start: Position, end: Position, says: str) -> None:
    with pytest.raises(BadPosition, match=says):
        check_range(start, end)


@pytest.mark.parametrize(
    ("start", "end"),
    [("beginning", "end"), (AtTime(1), AtTime(1)), (AtOffset(3), AtOffset(7)), (AtTime(1), AtOffset(0))],
)
def test_any_other_range_is_for_the_log_to_judge(start: Position, end: Position) -> None:
    check_range(start, end)
