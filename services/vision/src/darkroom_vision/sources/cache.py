"""The cache of fetched files, shared by all stages and workers of a user on a machine."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from darkroom.files.file_lock import locked, try_lock

FOLDER: Final = "DARKROOM_CACHE_DIR"

_LONGEST_FETCH_S: Final = 3600.0
_UNUSED_S: Final = 30 * 24 * 3600.0
_LOCK: Final = ".lock"


@contextmanager
def cache_entry(key: str) -> Iterator[Path]:
    """The folder for the files of `key`. Other processes that want the entry wait until the block ends.

    Also removes the entries that have not been used for 30 days.

    Raises:
        DarkroomError: another process has kept the entry for an hour.
    """
    folder = _cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f"{key}{_LOCK}", _LONGEST_FETCH_S):
        entry = folder / key
        entry.mkdir(exist_ok=True)
        os.utime(entry)
        remove_unused(folder, time.time() - _UNUSED_S)
        yield entry


def remove_unused(folder: Path, before: float) -> None:
    """Remove the entries last used before the time `before`, in seconds since the epoch, unless they are in use."""
    for entry in folder.iterdir():
        try:
            if not entry.is_dir() or entry.stat().st_mtime >= before:
                continue
            lock = try_lock(folder / f"{entry.name}{_LOCK}")
        except OSError:
            continue  # just removed by another process, or the folder is read-only
        if lock is not None:
            # The lock file stays: another process may be waiting for it.
            shutil.rmtree(entry, ignore_errors=True)
            os.close(lock)


def _cache_folder() -> Path:
    """`$DARKROOM_CACHE_DIR`, else the user's cache folder, else, if that is read-only, the temporary folder."""
    if chosen := os.environ.get(FOLDER):
        return Path(chosen) / "models"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "darkroom" / "models"
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / f"darkroom-{os.getuid()}" / "models"
    return home
