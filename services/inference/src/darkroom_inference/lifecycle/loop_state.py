"""The state of a loop for its health checks: whether it makes progress, and whether it has joined its group."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SPARE_AFTER_S: Final = 15.0
"""A member that reaches its coordinator and has had no partition for this long is a spare."""


@dataclass
class LoopState:
    """The state of one loop. The loop writes it, the health endpoint reads it.

    Attributes:
        lost_answers: how many requests to its group's coordinator have timed out.
    """

    number: int
    clock: Callable[[], float] = time.monotonic
    running: bool = True
    partitions: int = 0
    in_touch_since: float | None = None
    lost_answers: int = 0
    moved_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.moved_at = self.clock()

    def tick(self) -> None:
        """Record progress: the loop took a turn, or waits for Kafka with a deadline."""
        self.moved_at = self.clock()

    def in_touch(self, coordinator: bool) -> None:  # noqa: FBT001 - the state to set
        """Set whether the loop's consumer has a coordinator."""
        if not coordinator:
            self.in_touch_since = None
        elif self.in_touch_since is None:
            self.in_touch_since = self.clock()

    def still_s(self) -> float:
        """Seconds since the loop last made progress."""
        return self.clock() - self.moved_at

    @property
    def is_spare(self) -> bool:
        """Whether the loop is a member of the group without partitions."""
        since = self.in_touch_since
        return not self.partitions and since is not None and self.clock() - since > SPARE_AFTER_S
