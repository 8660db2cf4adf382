"""A temporary folder for all processes of a run. Leftovers at the end are reported and fail the run.

Every test and every process that it starts creates its temporary files in this folder. pytest's `tmp_path` is
elsewhere. Tests on kind use the machine's folder, in which podman keeps its build cache between runs.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

# uv keeps its lock files.
_ALLOWED = "uv-*.lock"
_FOLDER = pytest.StashKey[Path]()
_SESSION = pytest.StashKey[pytest.Session]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Create the folder before anything else, so that its check is the last."""
    if hasattr(config, "workerinput") or config.option.markexpr == "e2e":
        return
    usual = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="darkroom-tests-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user if we are root
    config.stash[_FOLDER] = folder
    config.add_cleanup(lambda: _check(config))
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", usual)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_SESSION] = session


def _check(config: pytest.Config) -> None:
    folder = config.stash[_FOLDER]
    left = sorted(path.name for path in folder.iterdir() if not path.match(_ALLOWED))
    shutil.rmtree(folder, ignore_errors=True)
    session = config.stash.get(_SESSION, None)
    if left and session is not None and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if left:
        line = f"{len(left)} left in the temporary folder: {', '.join(left)}"
        config.get_terminal_writer().line(line, red=True)
