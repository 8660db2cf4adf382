"""The rejoin check: detects that a loop must rejoin because its client and its group disagree on its partitions."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Final

from darkroom_inference.group.view import Group, GroupView
from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.lifecycle.loop_state import LoopState

SETTLE_S: Final = 10.0
"""Twice the usual heartbeat interval, so that a change in progress can reach the member."""

LOOK_EVERY_S: Final = 20.0
"""Interval, plus up to a quarter at random, at which a loop without partitions checks for waiting images."""


class RejoinCheck:
    """Queries the group in two cases, and acts only if a second query confirms the first.

    - Responses of the coordinator were lost. It reports a change to a member once, in a heartbeat response, and is slow
      to respond after a broker failure. librdkafka 2.16 abandons a slow response but does not ask again
      (rd_kafka_cgrp_handle_ConsumerGroupHeartbeat requests the full assignment only after some errors). A member that
      should release a partition then keeps it, and the next owner waits until the group fences that member, after
      `max.poll.interval.ms`.
    - The loop has no partitions, and images wait in partitions that no member processes. librdkafka 2.16 can miss an
      assignment while the group's coordinator moves, so the member that the group expects to process them is idle.
      Rejoining frees its partitions. If another member is only slow, rejoining an idle loop does no harm.
    """

    def __init__(
        self,
        state: LoopState,
        partitions: Callable[[], frozenset[int]],
        group: Group,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`partitions` returns the partitions that the loop's client has been assigned."""
        self._state = state
        self._partitions = partitions
        self._group = group
        self._clock = clock
        self._lost_answers = state.lost_answers
        self._compare_at: float | None = None
        self._differed: tuple[GroupView, frozenset[int]] | None = None
        self._waiting: Mapping[int, int] = {}
        self._plan_next_look()

    def check(self) -> None:
        """Query the group if one of the cases applies and the interval has passed.

        Raises:
            ClientsBroken: the loop must rejoin.
        """
        if self._state.lost_answers != self._lost_answers:
            self._lost_answers = self._state.lost_answers
            self._compare_again()
        if self._compare_at is not None and self._clock() >= self._compare_at:
            self._compare()
        if self._state.partitions:
            self._waiting = {}
            self._plan_next_look()
        elif self._clock() >= self._look_at:
            self._look()

    def _compare(self) -> None:
        """Compare the partitions of the client with those that the group has recorded for it."""
        view, own = self._group.view(), self._partitions()
        if view is None:
            self._compare_again()
        elif not (own - view.target or view.assigned - own):
            # The target may contain more, which other members must release first.
            self._compare_at = self._differed = None
        elif self._differed == (view, own):
            raise ClientsBroken(
                f"the group has assigned partitions {sorted(view.assigned)} to this loop and wants it to have "
                f"{sorted(view.target)}, but its client knows of {sorted(own)}"
            )
        else:
            self._compare_again()
            self._differed = view, own

    def _compare_again(self) -> None:
        self._compare_at = self._clock() + SETTLE_S
        self._differed = None

    def _look(self) -> None:
        """Compare the waiting images with those at the last check."""
        waiting = self._group.waiting()
        self._plan_next_look()
        if waiting is None:
            return
        stuck = sorted(partition for partition, offset in waiting.items() if self._waiting.get(partition) == offset)
        if stuck:
            raise ClientsBroken(f"no member processes partitions {stuck}, and this loop has none")
        self._waiting = waiting

    def _plan_next_look(self) -> None:
        self._look_at = self._clock() + LOOK_EVERY_S * random.uniform(1, 1.25)
