"""When to restart a process that has exited. Pure: time and chance are arguments."""

from dataclasses import dataclass

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
STEADY_AFTER_S = 60.0
"""After a run of this length, the next crash counts as the first."""

TRIES_BEFORE_READY = 3
"""A process that has crashed this often and was never ready is not restarted."""


@dataclass(frozen=True)
class History:
    """The crashes of one process.

    Attributes:
        crashes: number of crashes without a long run in between.
        has_been_ready: whether the process was ever ready.
    """

    crashes: int = 0
    has_been_ready: bool = False


def after_crash(history: History, lived_s: float) -> History:
    """The history with one more crash, of a process that lived for `lived_s`."""
    return History((0 if lived_s >= STEADY_AFTER_S else history.crashes) + 1, history.has_been_ready)


def hopeless(history: History) -> bool:
    """Whether to stop restarting the process."""
    return not history.has_been_ready and history.crashes >= TRIES_BEFORE_READY


def delay_s(history: History, chance: float) -> float:
    """Seconds before the next start: doubled with every crash, reduced by up to half by `chance` (0..1)."""
    longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (history.crashes - 1))
    return longest * (0.5 + chance / 2)
