"""Wait for a condition, with a deadline, instead of sleeping and hoping."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_S = 0.05

T = TypeVar("T")


def until(condition: Callable[[], T | None], what: str, timeout_s: float = 60.0, every_s: float = POLL_S) -> T:
    """Answer the first true value of `condition()`; fail, saying `what` was waited for and what came last."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"after {timeout_s:.0f} s still not {what}: {value!r}"
        time.sleep(every_s)
    return value
