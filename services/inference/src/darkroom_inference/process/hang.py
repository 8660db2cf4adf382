"""Whether a process hangs in native code that holds the interpreter's lock, so that its own watchdog can't run."""

from dataclasses import dataclass


@dataclass
class HangCheck:
    """Counts how often the parent has looked since the process last ticked.

    It reads no clock: neither the ticks nor the looks continue while both are stopped.

    Attributes:
        most_looks: more without a tick mean that the process hangs.
    """

    most_looks: float
    _ticks: int = 0
    _looks: int = 0

    def look(self, ticks: int, *, stopped: bool) -> bool:
        """Whether the process hangs, said once. It has no ticks while it starts, and makes none while it is stopped."""
        if ticks != self._ticks or not ticks:
            self._ticks, self._looks = ticks, 0
        elif not stopped:
            self._looks += 1
        hangs = self._looks > self.most_looks
        if hangs:
            self._looks = 0
        return hangs
