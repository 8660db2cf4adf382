"""Steps of `darkroom up` on stderr: a line when one begins, and a line with its duration when it is done."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from darkroom_cli.views.output import say

_REMIND_EVERY_S = 15.0


class Step:
    """A step in progress.

    Attributes:
        outcome: printed at its end.
        detail: what it is waiting for, printed when it takes long.
    """

    def __init__(self, outcome: str) -> None:
        """A step with an outcome that may still be changed."""
        self.outcome = outcome
        self.detail: Callable[[], str] = str


@asynccontextmanager
async def step(doing: str, done: str) -> AsyncIterator[Step]:
    """Print that a step begins, that it is still in progress, and its outcome. A failed step prints no outcome."""
    started = time.monotonic()
    current = Step(done)
    say(f"{doing}…")
    reminder = asyncio.create_task(_remind(current, doing, started))
    try:
        yield current
    finally:
        reminder.cancel()
    say(f"{current.outcome} ({time.monotonic() - started:.1f} s)")


async def _remind(current: Step, doing: str, started: float) -> None:
    while True:
        await asyncio.sleep(_REMIND_EVERY_S)
        detail = current.detail()
        say(f"{doing}… {time.monotonic() - started:.0f} s{f'; {detail}' if detail else ''}")
