"""The cache of fetched files: entries, waiting processes, and what is removed."""

import os
import time
from pathlib import Path

import pytest

from darkroom.files.file_lock import try_lock
from darkroom_vision.sources.cache import cache_entry

LONG_AGO = time.time() - 60 * 24 * 3600


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DARKROOM_CACHE_DIR", str(tmp_path))
    return tmp_path / "models"


def test_an_entry_is_locked_while_it_is_used(folder: Path) -> None:
    with cache_entry("a") as entry:
        assert entry == folder / "a"
        assert try_lock(folder / "a.lock") is None
    lock = try_lock(folder / "a.lock")
    assert lock is not None
    os.close(lock)


def test_entries_that_nobody_has_used_for_long_are_removed(folder: Path) -> None:
    for key in ("old", "locked", "used"):
        with cache_entry(key) as entry:
            (entry / "m.onnx").write_bytes(b"model")
    for entry in folder.iterdir():
        os.utime(entry, (LONG_AGO, LONG_AGO))
    lock = try_lock(folder / "locked.lock")
    with cache_entry("used"):
        pass
    assert lock is not None
    os.close(lock)
    assert sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) == ["locked", "used"]


def test_a_read_only_home_is_replaced_by_the_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DARKROOM_CACHE_DIR")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with cache_entry("a") as entry:
        assert entry == tmp_path / f"darkroom-{os.getuid()}" / "models" / "a"
