"""A loop without partitions that looks whether images wait with which nobody goes on: it may have been given them."""

import random
import time
from typing import Final

from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.kafka.offsets import Offsets
from darkroom_inference.lifecycle.loop_state import LoopState

LOOK_EVERY_S: Final = 20.0


class Standstill:
    """Compares where images wait now with where they waited at the last look.

    librdkafka 2.16 has been seen, when its group's coordinator moved, not to hear of a partition that it was given
    then: the group counts on the member, which looks like a spare. Joining anew gives the partition free. A spare that
    errs, because an image takes somebody else that long, loses nothing by it.
    """

    def __init__(self, state: LoopState, offsets: Offsets) -> None:
        self._state = state
        self._offsets = offsets
        self._waiting: dict[int, int] = {}
        self._plan_next_look()

    def check(self) -> None:
        """Look, if the loop has no partitions and it is time.

        Raises:
            ClientsBroken: there are images with which nobody goes on; the loop is to join anew.
            DrainTimedOut: the worker has to stop.
        """
        if self._state.partitions:
            self._waiting.clear()
            self._plan_next_look()
        elif time.monotonic() >= self._next_look:
            waiting = self._offsets.waiting()
            still = sorted(partition for partition, offset in waiting.items() if self._waiting.get(partition) == offset)
            if still:
                raise ClientsBroken(f"nobody goes on with partitions {still}, and this loop has none")
            self._waiting = waiting
            self._plan_next_look()

    def _plan_next_look(self) -> None:
        self._next_look = time.monotonic() + LOOK_EVERY_S * random.uniform(1, 1.25)
