import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from darkroom.processes.loading import loading


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_no_garbage_is_collected_while_a_program_loads() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_garbage_is_collected_after_a_program_could_not_load() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_rich_can_be_imported_only_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "rich", raising=False)
    with loading(), pytest.raises(ModuleNotFoundError):
        import rich  # noqa: F401, PLC0415
    assert "rich" not in sys.modules


def test_if_rich_has_been_imported_it_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", sys)
    with loading():
        import rich  # noqa: PLC0415
    assert rich is sys


PROGRAMS = """
import sys
from darkroom.processes.loading import loading

with loading():
    import darkroom_inference.command, darkroom_ingestion.command, darkroom_ingestion.filling.command
assert "structlog" in sys.modules
assert "rich" not in sys.modules
"""


@pytest.mark.processes
def test_the_programs_load_without_rich() -> None:
    subprocess.run([sys.executable, "-c", PROGRAMS], check=True)
