"""Temporary folders, and the removal of abandoned ones."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from darkroom.files.temporary_folder import remove_abandoned, temporary_folder

HOLD = """
from darkroom.files.temporary_folder import temporary_folder
with temporary_folder("t-") as folder:
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def make_old(folder: Path) -> None:
    """As if its process had started an hour ago."""
    an_hour_ago = time.time() - 3600
    os.utime(folder / "lock", (an_hour_ago, an_hour_ago))


def test_a_folder_is_private_and_removed_even_after_an_error(temporary: Path) -> None:
    def fail() -> None:
        with temporary_folder("t-") as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
            (folder / "secret").write_text("sesame", encoding="utf-8")
            raise RuntimeError("it failed")

    with pytest.raises(RuntimeError, match="it failed"):
        fail()
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_by_the_next_and_no_other(temporary: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        make_old(folder)
        remove_abandoned("t-")
        assert folder.is_dir()  # its process lives
        process.send_signal(signal.SIGKILL)
        process.wait()
    stranger, new = temporary / "t-stranger", temporary / "t-new"
    stranger.mkdir()
    new.mkdir()
    (new / "lock").touch()
    with temporary_folder("t-") as mine:
        assert set(temporary.iterdir()) == {stranger, new, mine}
