"""Being asked to stop: no new work from then on, and a limit to how long the work in hand may take."""

import threading
import time
from collections.abc import Callable

from darkroom.errors import DarkroomError

_SLICE_S = 0.5
_SLICES_BEFORE_WARNING = 10

Pause = Callable[[float], None]
"""Waits so many seconds, unless there is no time left for it: `Stopping.pause`, or what a loop makes of it."""


class DrainTimedOut(DarkroomError):
    """The work in hand could not be finished in the time that a worker has to stop. It will be done again elsewhere."""


class Stopping:
    """Shared by all threads of a process."""

    def __init__(self, drain_s: float) -> None:
        self._drain_s = drain_s
        self._requested = threading.Event()
        self._give_up_at = float("inf")

    def request(self) -> None:
        """Ask every loop to finish what it has in hand. Safe in a signal handler, and to repeat."""
        if not self._requested.is_set():
            self._give_up_at = time.monotonic() + self._drain_s
            self._requested.set()

    @property
    def requested(self) -> bool:
        """Whether no new work is to be taken."""
        return self._requested.is_set()

    @property
    def seconds_left(self) -> float:
        """Seconds that the work in hand may still take; infinite before the request."""
        return max(0.0, self._give_up_at - time.monotonic())

    def wait(self, seconds: float) -> None:
        """Wait for the request, at most so long."""
        self._requested.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Wait before trying something again that work in hand depends on.

        Raises:
            DrainTimedOut: there is no time left for it.
        """
        if self.requested:
            time.sleep(min(seconds, self.seconds_left))
        else:
            self._requested.wait(seconds)
        if self.seconds_left <= 0:
            raise DrainTimedOut("the current batch was abandoned: it took longer than the grace period")


def wait_in_slices(ended: Callable[[float], bool], pause: Pause, on_slow: Callable[[], None]) -> None:
    """Wait for as long as it takes: `ended` waits so many seconds and answers; `on_slow` is called every five seconds.

    Raises:
        DrainTimedOut: there is no time left for it.
    """
    slices = 0
    while not ended(_SLICE_S):
        slices += 1
        if slices % _SLICES_BEFORE_WARNING == 0:
            on_slow()
        pause(0)
