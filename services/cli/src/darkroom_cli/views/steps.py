"""What `up` says while it works: a line when a step begins, a line with its seconds when it is done."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from darkroom_cli.views.output import say

_REMIND_EVERY_S = 15.0


class Step:
    """A step under way.

    Attributes:
        outcome: what is said of it at its end.
        detail: what it waits for, when it takes long.
    """

    def __init__(self, outcome: str) -> None:
        """A step that will have that outcome."""
        self.outcome = outcome
        self.detail: Callable[[], str] = str


@asynccontextmanager
async def step(doing: str, done: str) -> AsyncIterator[Step]:
    """Say what is being done, that it still is, and what came of it; of a step that fails, its error says enough."""
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
