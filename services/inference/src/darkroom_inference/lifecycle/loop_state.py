"""What the outside may know of a loop: whether it moves, and whether it has joined its group."""

import time
from dataclasses import dataclass, field
from typing import Final

SPARE_AFTER_S: Final = 15.0
"""A member that reaches its coordinator and has got no partition for so long is a spare: the others have them all."""


@dataclass
class LoopState:
    """Written by one loop, read by the health endpoint.

    Attributes:
        lost_answers: how many answers of its group's coordinator came too late for its client.
    """

    number: int
    running: bool = True
    moved_at: float = field(default_factory=time.monotonic)
    partitions: int = 0
    in_touch_since: float | None = None
    lost_answers: int = 0

    def tick(self) -> None:
        """The loop moves: it took a turn, or looked up from waiting for Kafka."""
        self.moved_at = time.monotonic()

    def in_touch(self, coordinator: bool) -> None:  # noqa: FBT001 - a state, not a switch
        """Whether the loop's consumer has a coordinator."""
        if not coordinator:
            self.in_touch_since = None
        elif self.in_touch_since is None:
            self.in_touch_since = time.monotonic()

    def still_s(self) -> float:
        """Seconds since the loop last moved."""
        return time.monotonic() - self.moved_at

    @property
    def is_spare(self) -> bool:
        """A member of the group with nothing to do."""
        since = self.in_touch_since
        return not self.partitions and since is not None and time.monotonic() - since > SPARE_AFTER_S
