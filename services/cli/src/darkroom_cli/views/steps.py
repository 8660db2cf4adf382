"""Steps of `darkroom up` on stderr: a line at the start, and a line with the duration at the end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from darkroom_cli.views.output import say

_REMIND_EVERY_S = 15.0


class Step:
    """A step in progress.

    Attributes:
        outcome: printed at the end.
        detail: what the step is waiting for, printed if it takes long.
    """

    def __init__(self, outcome: str) -> None:
        """Create a step. Its outcome can be changed until its end."""
        self.outcome = outcome
        self.detail: Callable[[], str] = str


@asynccontextmanager
async def step(doing: str, done: str) -> AsyncIterator[Step]:
    """Print the start of a step, reminders while it is in progress, and its outcome unless it fails."""
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
