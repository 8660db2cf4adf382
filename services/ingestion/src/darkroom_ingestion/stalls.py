"""Reports that the event loop is blocked, and where: meanwhile nothing is served, and nothing else can say why."""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

_LIMIT_S = 5.0

log = structlog.get_logger("darkroom.ingestion")


@contextmanager
def stalls_reported(limit_s: float = _LIMIT_S) -> Iterator[None]:
    """Log an error with the stack of the running event loop's thread if the loop runs nothing for `limit_s` seconds."""
    loop, thread, stop = asyncio.get_running_loop(), threading.get_ident(), threading.Event()

    def watch() -> None:
        ran = threading.Event()
        while not stop.is_set():
            ran.clear()
            asked = time.monotonic()
            try:
                loop.call_soon_threadsafe(ran.set)
            except RuntimeError:  # the loop is closed
                return
            if not ran.wait(limit_s):
                frame = sys._current_frames().get(thread)  # noqa: SLF001 - documented, despite its name
                log.error("the event loop is blocked", seconds=limit_s, stack="".join(traceback.format_stack(frame)))
                while not ran.wait(limit_s) and not stop.is_set():
                    pass
                if ran.is_set():
                    log.warning("the event loop runs again", blocked_s=round(time.monotonic() - asked, 1))
            stop.wait(limit_s)

    watching = threading.Thread(target=watch, name="stalls", daemon=True)
    watching.start()
    try:
        yield
    finally:
        stop.set()
