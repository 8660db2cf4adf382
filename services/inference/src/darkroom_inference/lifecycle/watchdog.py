"""Ends a process that hangs on an image, or has lost its GPU. The image is known afterwards.

With mode Ordered its mark counts the attempt, with mode Queue the parent process does.
"""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

import structlog

from darkroom_inference.lifecycle.images_at_work import HasPosition, ImagesAtWork

log = structlog.get_logger(__name__)

EXIT_CODE: Final = 70
"""The exit code after an image exceeded its deadline, a loop stalled or the GPU was lost (EX_SOFTWARE)."""


_TICK_S: Final = 0.5
GIL_GRACE_S: Final = 10.0
"""A process that does not tick for so much longer than the deadline of an image hangs."""


class WatchedImage(HasPosition, Protocol):
    """An image that a loop works on."""

    def log_fields(self) -> Mapping[str, Any]:
        """The fields of log lines about the image."""


_Work = tuple[WatchedImage, int, float]
"""An image, the tick at which the work began, and the seconds that it may take."""


class _Watching:
    """The context of `Watchdog.over`. A generator takes four times as long, and there are two for each image."""

    __slots__ = ("_at_work", "_loop", "_work")

    def __init__(self, at_work: dict[int, _Work], loop: int, work: _Work) -> None:
        self._at_work, self._loop, self._work = at_work, loop, work

    def __enter__(self) -> None:
        self._at_work[self._loop] = self._work

    def __exit__(self, *_: object) -> None:
        del self._at_work[self._loop]


class _Reported:
    """A context that also tells the parent process which images are at work."""

    __slots__ = ("_images", "_loop", "_process", "_shared", "_watching")

    def __init__(
        self, watching: _Watching, shared: ImagesAtWork, process: int, loop: int, images: Sequence[WatchedImage]
    ) -> None:
        self._watching, self._shared = watching, shared
        self._process, self._loop, self._images = process, loop, images

    def __enter__(self) -> None:
        self._shared.begin(self._process, self._loop, self._images)
        self._watching.__enter__()

    def __exit__(self, *_: object) -> None:
        self._watching.__exit__()
        self._shared.end(self._process, self._loop)


class Watchdog:
    """Measures, for each loop, how long it has worked on its current image.

    It counts its own ticks instead of reading a clock, because a stopped process (SIGSTOP, a suspended laptop) neither
    ticks nor works. Native code that never releases the GIL would stop the ticks too. For that case, the parent process
    watches the ticks with mode Queue. With mode Ordered, each tick restarts a timer of the interpreter, which does not
    need the GIL. But it reads a clock: it also ends a process that was stopped for so long, whose partitions other
    workers then have.
    """

    def __init__(
        self,
        deadline_s: float,
        end: Callable[[int], object] = os._exit,
        *,
        longest_s: float = float("inf"),
        process: int = 0,
        shared: ImagesAtWork | None = None,
    ) -> None:
        """Watch the loops of a process.

        Args:
            deadline_s: the time for an image.
            end: ends the process.
            longest_s: the most time for several images in one run of the model.
            process: the number of the process among those of the worker.
            shared: the memory in which the parent process looks for the images at work.
        """
        self._deadline_s = deadline_s
        self._longest_s = longest_s
        self._end = end
        self._process = process
        self._shared = shared
        self._at_work: dict[int, _Work] = {}
        self._ticks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start the watchdog's thread."""
        if self._shared is not None:
            faulthandler.enable()  # the parent ends a process that hangs with SIGABRT
        self._show_tick()  # the first image may hang before the first tick
        self._thread.start()

    def stop(self) -> None:
        """Stop the watchdog's thread."""
        self._stop.set()
        self._thread.join()
        faulthandler.cancel_dump_traceback_later()

    def over(self, loop: int, images: Sequence[WatchedImage]) -> AbstractContextManager[None]:
        """Watch the work of `loop` on an image.

        If the model runs on several `images` at once, they have the time of all together.
        """
        seconds = min(self._longest_s, len(images) * self._deadline_s)
        watching = _Watching(self._at_work, loop, (images[0], self._ticks, seconds))
        return watching if self._shared is None else _Reported(watching, self._shared, self._process, loop, images)

    def gpu_lost(self, error: str) -> None:
        """End the process: a new one gets a working GPU, or runs on the CPU. No image is to blame."""
        log.critical("the model no longer runs on the GPU: ending the process", error=error)
        self._end_because_of(None)

    def overdue(self) -> tuple[int, WatchedImage, float] | None:
        """A loop whose image has exceeded the deadline, the image, and the seconds since its start; else None."""
        for loop, (image, since, deadline_s) in list(self._at_work.items()):
            seconds = (self._ticks - since) * _TICK_S
            if seconds > deadline_s:
                return loop, image, seconds
        return None

    def _end_because_of(self, loop: int | None) -> None:
        if self._shared is not None:
            self._shared.acquit(self._process, guilty=loop)
        self._end(EXIT_CODE)

    def _show_tick(self) -> None:
        if self._shared is None:
            faulthandler.dump_traceback_later(self._deadline_s + GIL_GRACE_S, exit=True)
        else:
            self._shared.tick(self._process, self._ticks + 1)

    def _run(self) -> None:
        while not self._stop.wait(_TICK_S):
            self._ticks += 1
            self._show_tick()
            if late := self.overdue():
                loop, image, seconds = late
                log.critical("image takes too long: ending the process", seconds=seconds, **image.log_fields())
                faulthandler.dump_traceback(file=sys.stderr)
                self._end_because_of(loop)
