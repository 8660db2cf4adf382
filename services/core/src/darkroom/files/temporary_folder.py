"""Temporary folders. Those of killed processes are removed by the next process that creates one."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from darkroom.files.file_lock import try_lock

LOCK = "lock"
_LOCKED_AFTER_S = 60.0


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A folder that only this user can read, removed at the end of the block. Its file `lock` is locked until then.

    Args:
        prefix: start of the folder's name. Abandoned folders with this prefix are removed first.
    """
    remove_abandoned(prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    lock = try_lock(folder / LOCK)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def remove_abandoned(prefix: str) -> None:
    """Remove this user's temporary folders whose process was killed: their lock file exists, but is not locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            if folder.lstat().st_uid != os.getuid():
                continue
            # A new folder is locked a moment after its lock file is created.
            if time.time() - (folder / LOCK).stat().st_mtime < _LOCKED_AFTER_S:
                continue
            lock = try_lock(folder / LOCK)
        except OSError:
            continue  # not such a folder, or just removed by another process
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
