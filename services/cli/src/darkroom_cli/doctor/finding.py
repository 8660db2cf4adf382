"""The outcome of a check."""

from dataclasses import dataclass
from typing import Literal

State = Literal["Ok", "Warning", "Problem", "Skipped"]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        check: what was checked.
        state: Problem if something cannot work, Warning if it can but perhaps not as expected.
        message: what was found.
        advice: what to do; empty if nothing.
    """

    check: str
    state: State
    message: str
    advice: str = ""

    def as_document(self) -> dict[str, str]:
        """The finding in JSON."""
        return {"check": self.check, "state": self.state, "message": self.message, "advice": self.advice}
