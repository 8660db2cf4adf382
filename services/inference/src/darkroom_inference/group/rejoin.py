"""Whether a loop has to join its group anew, because the group counts on it for partitions that it does not know of."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Final

from darkroom_inference.group.view import Group, GroupView
from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.lifecycle.loop_state import LoopState

SETTLE_S: Final = 10.0
"""Twice the usual time between heartbeats: for a change under way to arrive."""

LOOK_EVERY_S: Final = 20.0
"""How often, with up to a quarter more at random, a loop without partitions looks where images wait."""


class RejoinCheck:
    """Asks the group in two cases, and believes it only if a second answer says the same.

    - Answers of the coordinator were lost. It tells a member of a change once, in its answer to a heartbeat, and is
      slow to answer when a broker has failed. librdkafka 2.16 gives up an answer that takes too long, but does not ask
      for it again (rd_kafka_cgrp_handle_ConsumerGroupHeartbeat makes only some errors ask for everything). A member
      that was to give a partition away keeps it then, and whoever was to have it waits until the group fences that
      member, which takes `max.poll.interval.ms`.
    - The loop has no partitions, and images wait with which nobody goes on. librdkafka 2.16 has been seen, when its
      group's coordinator moved, not to hear of a partition that it was given then: the group counts on the member,
      which looks like a spare. Joining anew frees the partition. A spare that errs, because an image takes somebody
      else that long, loses nothing by it.
    """

    def __init__(
        self,
        state: LoopState,
        partitions: Callable[[], frozenset[int]],
        group: Group,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`partitions` answers those that the loop's client knows of."""
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
        """Ask the group, if there is reason to and it is time.

        Raises:
            ClientsBroken: the loop is to join anew.
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
        """Compare the partitions that the client knows of with what the group says."""
        view, own = self._group.view(), self._partitions()
        if view is None:
            self._compare_again()
        elif not (own - view.target or view.assigned - own):
            # The loop may still be to have more, which others have to give away first.
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
        """Compare where images wait now with where they waited at the last look."""
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
