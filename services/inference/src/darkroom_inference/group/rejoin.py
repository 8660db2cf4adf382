"""A loop that may not have heard what its group said asks it again, and joins anew if it got it wrong."""

import time
from collections.abc import Callable
from typing import Final

from darkroom_inference.group.view import Word
from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.loop.assignment import Assignment

SETTLE_S: Final = 10.0
"""Twice the usual time between heartbeats: for a change under way to arrive."""


class Misheard:
    """Compares the loop's partitions with what its group says, once answers of the coordinator have been lost.

    The coordinator tells a member of a change once, in its answer to a heartbeat. It is slow to answer when a broker
    has failed, and librdkafka 2.16 gives up an answer that takes too long but does not ask for it again
    (rd_kafka_cgrp_handle_ConsumerGroupHeartbeat makes only some errors ask for everything). A member that was to give
    a partition away keeps it then, and whoever was to have it waits until the group fences that member, which takes
    `max.poll.interval.ms`.
    """

    def __init__(self, state: LoopState, assignment: Assignment, ask: Callable[[], Word | None]) -> None:
        """With what the loop's client knows of, and a way to ask the group."""
        self._state = state
        self._assignment = assignment
        self._ask = ask
        self._heard_of = state.lost_answers
        self._look_at: float | None = None
        self._differed: tuple[Word, frozenset[int]] | None = None

    def check(self) -> None:
        """Ask, if there is reason to and it is time.

        Raises:
            ClientsBroken: the group has said something that the loop's client does not know; the loop is to join anew.
        """
        if self._state.lost_answers != self._heard_of:
            self._heard_of = self._state.lost_answers
            self._look_again()
        if self._look_at is None or time.monotonic() < self._look_at:
            return
        word, own = self._ask(), frozenset(self._assignment.partitions)
        if word is None:
            self._look_again()
        elif not (own - word.meant or word.given - own):
            # It may still be meant to have more, which others have to give away first.
            self._look_at = self._differed = None
        elif self._differed == (word, own):
            raise ClientsBroken(
                f"the group gave this loop partitions {sorted(word.given)} and means it to have {sorted(word.meant)}, "
                f"but its client knows of {sorted(own)}"
            )
        else:
            self._look_again()
            self._differed = word, own

    def _look_again(self) -> None:
        self._look_at = time.monotonic() + SETTLE_S
        self._differed = None
