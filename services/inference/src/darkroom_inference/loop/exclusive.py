"""A shared or exclusive lock: a suspect is analysed alone, so that a crash identifies it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from darkroom_inference.lifecycle.stopping import Pause

_TICK_S: Final = 0.5


class ExclusiveTurn:
    """A lock that is shared or exclusive, granted in the order of the requests.

    A loop waits for at most one run of the model in every other loop, or about 20 ms of shorter ones, even if those
    have many suspects: they queue again for each suspect. Waiting loops tick.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[_Request] = []
        self._sharing = 0
        self._alone = False

    @property
    def waiting(self) -> int:
        """The number of waiting requests."""
        return len(self._queue)

    @contextmanager
    def shared(self, pause: Pause) -> Iterator[None]:
        """Analyse while other loops in `shared` may analyse, too.

        Raises:
            DrainTimedOut: `pause`, which is called while waiting, says that there is no time left.
        """
        with self._changed:
            if self._alone or self._queue:
                self._wait(_Request(alone=False), self._may_share, pause)
            self._sharing += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharing -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, pause: Pause) -> Iterator[None]:
        """Analyse while no other loop analyses.

        Raises:
            DrainTimedOut: `pause`, which is called while waiting, says that there is no time left.
        """
        with self._changed:
            if self._alone or self._sharing or self._queue:
                self._wait(_Request(alone=True), self._may_be_alone, pause)
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()

    def _may_share(self, request: "_Request") -> bool:
        ahead = self._queue[: self._queue.index(request)]
        return not self._alone and not any(earlier.alone for earlier in ahead)

    def _may_be_alone(self, request: "_Request") -> bool:
        return not self._alone and not self._sharing and self._queue[0] is request

    def _wait(self, request: "_Request", granted: Callable[["_Request"], bool], pause: Pause) -> None:
        self._queue.append(request)
        try:
            while not granted(request):
                self._changed.wait(_TICK_S)
                pause(0)
        finally:
            self._queue.remove(request)
            # Later requests may be granted now.
            self._changed.notify_all()


class _Request:
    """A waiting request. Compared by identity."""

    def __init__(self, *, alone: bool) -> None:
        self.alone = alone
