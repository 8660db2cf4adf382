"""Blocking work in daemon threads. Such threads never delay the exit of the process."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Return or raise what `work` does. If cancelled, the work continues in its thread and its outcome is dropped.

    Unlike with `asyncio.to_thread`, closing the loop does not wait for the thread: a download may take minutes.
    """
    return await asyncio.wrap_future(started_in_daemon_thread(work))


def started_in_daemon_thread(work: Callable[[], T]) -> Future[T]:
    """Start `work`, and return its outcome as a future."""
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the future is awaited
            outcome.set_exception(error)

    threading.Thread(target=run, name="blocking-work", daemon=True).start()
    return outcome
