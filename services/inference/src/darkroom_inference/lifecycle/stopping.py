"""The request to stop: no new work is started, and the current batch has a time limit."""

import threading
import time
from collections.abc import Callable

from darkroom.errors import DarkroomError

_SLICE_S = 0.5
_SLICES_BEFORE_WARNING = 10

Pause = Callable[[float], None]
"""Waits for a number of seconds; raises DrainTimedOut if there is no time left."""


class DrainTimedOut(DarkroomError):
    """The current batch could not be finished within the grace period. Another worker will repeat it."""


class Stopping:
    """The request to stop, shared by all threads of a process."""

    def __init__(self, drain_s: float) -> None:
        self._drain_s = drain_s
        self._requested = threading.Event()
        self._give_up_at = float("inf")

    def request(self) -> None:
        """Ask every loop to finish its current batch. Safe in a signal handler, and idempotent."""
        if not self._requested.is_set():
            self._give_up_at = time.monotonic() + self._drain_s
            self._requested.set()

    @property
    def requested(self) -> bool:
        """Whether the worker has been asked to stop."""
        return self._requested.is_set()

    @property
    def seconds_left(self) -> float:
        """Seconds left for the current batch; infinite before the request."""
        return max(0.0, self._give_up_at - time.monotonic())

    def wait(self, seconds: float) -> None:
        """Wait up to `seconds` for the request."""
        self._requested.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Wait before a retry that the current batch depends on.

        Raises:
            DrainTimedOut: the grace period is over.
        """
        if self.requested:
            time.sleep(min(seconds, self.seconds_left))
        else:
            self._requested.wait(seconds)
        if self.seconds_left <= 0:
            raise DrainTimedOut("the current batch was abandoned: it took longer than the grace period")


def wait_in_slices(ended: Callable[[float], bool], pause: Pause, on_slow: Callable[[], None]) -> None:
    """Call `ended` with a number of seconds to wait until it returns True. Calls `on_slow` every five seconds.

    Raises:
        DrainTimedOut: the grace period is over.
    """
    slices = 0
    while not ended(_SLICE_S):
        slices += 1
        if slices % _SLICES_BEFORE_WARNING == 0:
            on_slow()
        pause(0)
