"""Ends a process that hangs on an image, or has lost its GPU. The mark of the image counts the attempt."""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

EXIT_CODE: Final = 70
"""The exit code after an image exceeded its deadline, a loop stalled or the GPU was lost (EX_SOFTWARE)."""

ImageFields = Callable[[], Mapping[str, Any]]

_TICK_S: Final = 0.5
_GIL_GRACE_S: Final = 10.0


_Work = tuple[ImageFields, int, float]
"""The log fields of an image, the tick at which the work began, and the seconds that it may take."""


class _Watching:
    """The context of `Watchdog.over`. A generator takes four times as long, and there are two for each image."""

    __slots__ = ("_at_work", "_loop", "_work")

    def __init__(self, at_work: dict[int, _Work], loop: int, work: _Work) -> None:
        self._at_work, self._loop, self._work = at_work, loop, work

    def __enter__(self) -> None:
        self._at_work[self._loop] = self._work

    def __exit__(self, *_: object) -> None:
        del self._at_work[self._loop]


class Watchdog:
    """Measures, for each loop, how long it has worked on its current image.

    It counts its own ticks instead of reading a clock, because a stopped process (SIGSTOP, a suspended laptop) neither
    ticks nor works. Native code that never releases the GIL would stop the ticks too. For that case each tick restarts
    a timer of the interpreter, which does not need the GIL.
    """

    def __init__(self, deadline_s: float, end: Callable[[int], object] = os._exit) -> None:
        self._deadline_s = deadline_s
        self._end = end
        self._at_work: dict[int, _Work] = {}
        self._ticks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start the watchdog's thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the watchdog's thread."""
        self._stop.set()
        self._thread.join()
        faulthandler.cancel_dump_traceback_later()

    def over(self, loop: int, image: ImageFields, images: int = 1) -> AbstractContextManager[None]:
        """Watch the work of `loop` on an image; `image` returns the image's log fields.

        If the model runs on several `images` at once, `image` is the first, and they have the time of all together.
        """
        return _Watching(self._at_work, loop, (image, self._ticks, images * self._deadline_s))

    def gpu_lost(self, error: str) -> None:
        """End the process: a new one gets a working GPU, or runs on the CPU. No image is to blame."""
        log.critical("the model no longer runs on the GPU: ending the process", error=error)
        self._end(EXIT_CODE)

    def overdue(self) -> tuple[ImageFields, float] | None:
        """The log fields of an image that has exceeded the deadline, and the seconds since its start; else None."""
        for image, since, deadline_s in list(self._at_work.values()):
            seconds = (self._ticks - since) * _TICK_S
            if seconds > deadline_s:
                return image, seconds
        return None

    def _run(self) -> None:
        while not self._stop.wait(_TICK_S):
            self._ticks += 1
            faulthandler.dump_traceback_later(self._deadline_s + _GIL_GRACE_S, exit=True)
            if late := self.overdue():
                image, seconds = late
                log.critical("image takes too long: ending the process", seconds=seconds, **image())
                faulthandler.dump_traceback(file=sys.stderr)
                self._end(EXIT_CODE)
