"""Decisions about a machine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from darkroom_cli.doctor.machine import clock_difference_s, clock_finding, disk_finding, port_finding, python_finding

GIB = 2**30


@pytest.mark.parametrize(
    ("version", "is_64_bit", "state"),
    [((3, 11, 0), True, "Ok"), ((3, 10, 9), True, "Problem"), ((3, 14, 0), False, "Problem")],
)
def test_python(version: tuple[int, int, int], is_64_bit: bool, state: str) -> None:
    assert python_finding(version, is_64_bit=is_64_bit).state == state


@pytest.mark.parametrize(("free", "state"), [(0.5, "Problem"), (5, "Warning"), (50, "Ok")])
def test_disk(free: float, state: str) -> None:
    found = disk_finding(Path("/data"), int(free * GIB))
    assert (found.state, bool(found.advice)) == (state, state != "Ok")


def test_a_port_in_use_is_a_warning() -> None:
    assert port_finding(8080, None).state == "Ok"
    assert port_finding(8080, "Address already in use").state == "Warning"


@pytest.mark.parametrize(
    ("difference", "state", "words"),
    [
        (2, "Ok", "agrees"),
        (-10, "Warning", "10 s ahead of the API server"),
        (90, "Problem", "90 s behind the API server"),
    ],
)
def test_clock(difference: float, state: str, words: str) -> None:
    found = clock_finding("the API server", difference)
    assert found.state == state
    assert words in found.message


def test_the_difference_is_that_to_the_header() -> None:
    now = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
    assert clock_difference_s("Thu, 26 Nov 2026 12:00:07 GMT", now) == 7.5
    assert clock_difference_s("", now) is None
