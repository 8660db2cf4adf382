"""Ends a process that hangs on an image, so that the image is found out by the attempts in its mark."""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

EXIT_CODE: Final = 70
"""The process's exit code when an image took longer than its deadline, or a loop hangs for good (EX_SOFTWARE)."""

ImageFields = Callable[[], Mapping[str, Any]]

_TICK_S: Final = 0.5
_GIL_GRACE_S: Final = 10.0


class Watchdog:
    """Counts, for each loop, for how long it has been at its image.

    It counts its own ticks rather than reading a clock: a process that was stopped (SIGSTOP, a laptop's lid) ticks as
    little as it works. Native code that never releases the GIL would stop the ticks too; for that the interpreter's own
    timer, which needs no GIL, is wound up with every tick.
    """

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._at_work: dict[int, tuple[ImageFields, int]] = {}
        self._ticks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stop.set()
        self._thread.join()
        faulthandler.cancel_dump_traceback_later()

    @contextmanager
    def over(self, loop: int, image: ImageFields) -> Iterator[None]:
        """Watch over the work of `loop` on an image; `image` answers what a log line says about it."""
        self._at_work[loop] = (image, self._ticks)
        try:
            yield
        finally:
            del self._at_work[loop]

    def overdue(self) -> tuple[ImageFields, float] | None:
        """An image that has taken longer than the deadline, and the seconds that it has taken."""
        for image, since in list(self._at_work.values()):
            seconds = (self._ticks - since) * _TICK_S
            if seconds > self._deadline_s:
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
                os._exit(EXIT_CODE)
