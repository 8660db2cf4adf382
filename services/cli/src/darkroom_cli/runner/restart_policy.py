"""When a process that has ended is started again. Pure: time and chance come from outside."""

from dataclasses import dataclass

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
STEADY_AFTER_S = 60.0
"""A process that lived as long has no grave fault of its own: its next crash counts as the first."""

TRIES_BEFORE_READY = 3
"""A process that has never been ready and ends as often will not do better the next time."""


@dataclass(frozen=True)
class History:
    """What has happened to one process so far.

    Attributes:
        crashes: in a row, without a steady time in between.
        has_been_ready: whether it ever was.
    """

    crashes: int = 0
    has_been_ready: bool = False


def after_crash(history: History, lived_s: float) -> History:
    """The history with one more crash, of a process that lived for `lived_s`."""
    return History((0 if lived_s >= STEADY_AFTER_S else history.crashes) + 1, history.has_been_ready)


def hopeless(history: History) -> bool:
    """Whether starting it again is of no use."""
    return not history.has_been_ready and history.crashes >= TRIES_BEFORE_READY


def delay_s(history: History, chance: float) -> float:
    """Seconds before the next start: twice as long after every crash, jittered by `chance` (0..1) down to a half."""
    longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (history.crashes - 1))
    return longest * (0.5 + chance / 2)
