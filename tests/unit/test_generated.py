"""Generated files are up to date."""

from pathlib import Path

import pytest

from scripts.generate import ROOT, generated


@pytest.mark.parametrize("path", list(generated()), ids=str)
def test_a_generated_file_is_not_stale(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == generated()[path], "stale: run `make generate`"
