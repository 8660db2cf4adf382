"""Waits for a condition with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_S = 0.05

T = TypeVar("T")


def until(condition: Callable[[], T | None], what: str, timeout_s: float = 60.0, every_s: float = POLL_S) -> T:
    """Return the first true value of `condition()`. Fails after the deadline with `what` and the last value."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"after {timeout_s:.0f} s still not {what}: {value!r}"
        time.sleep(every_s)
    return value
