"""Generated files are up to date."""

from scripts.generate import ROOT, generated


def test_no_generated_file_is_stale() -> None:
    files = generated()
    assert files
    stale = [str(path) for path, text in files.items() if (ROOT / path).read_text(encoding="utf-8") != text]
    assert stale == [], "run `make generate`"
