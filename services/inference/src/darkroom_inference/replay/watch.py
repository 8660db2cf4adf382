"""Progress of a replay, read from the offsets that its group has committed."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from darkroom.kafka.errors import KafkaUnreachable
from darkroom_inference.bounded.plan import ReplayPlan, left
from darkroom_inference.replay.log import ImagesLog

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 0.3


class Watch:
    """Polls the committed offsets until nothing is left.

    Attributes:
        left: the number of offsets left to read, from the last successful poll.
        problem: why the last poll failed; None if it succeeded.
    """

    def __init__(
        self,
        images: ImagesLog,
        plan: ReplayPlan,
        looked: Callable[[], None],
        done: Callable[[], None],
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        """`looked` is called after every poll, `done` once nothing is left."""
        self._images, self._plan, self._looked, self._done = images, plan, looked, done
        self._every_s = every_s
        self.left = plan.images
        self.problem: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def look(self) -> int:
        """Poll now. Returns the number of offsets left to read."""
        try:
            committed = self._images.committed(self._plan.ranges)
        except KafkaUnreachable as error:
            self.problem = str(error)
        else:
            self.left = left(self._plan, {partition: commit.offset for partition, commit in committed.items()})
            self.problem = None
        return self.left

    def start(self) -> None:
        """Start polling, in a separate thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                nothing_left = self.look() == 0
                self._looked()
            except Exception:  # the top level of the thread: without it the replay would never end
                log.exception("reading the progress of the replay failed, trying again")
                continue
            if nothing_left:
                self._done()
                return
