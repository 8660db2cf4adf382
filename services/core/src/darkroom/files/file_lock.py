"""File locks of the kernel, which end with the last process that has the locked file open."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from darkroom.errors import DarkroomError

_POLL_S = 0.1


def try_lock(path: Path) -> int | None:
    """Lock the file. Returns its descriptor, or None if another process has locked it. Closing all copies unlocks it.

    A child that inherits the descriptor holds the lock too: a broker's folder is locked as long as the broker runs.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def locked(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock on `path`. Waits for the current holder.

    Raises:
        DarkroomError: Another process held the lock for `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while (descriptor := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise DarkroomError(
                f"{path} has been locked by another process for {timeout_s:.0f} s: end it, then try again"
            )
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        os.close(descriptor)
