"""Finding the files of the console."""

import gzip
from pathlib import Path

import pytest

from darkroom_ingestion.http.console_files import ConsoleFiles


@pytest.fixture
def files(tmp_path: Path) -> ConsoleFiles:
    folder = tmp_path / "console"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>" + " " * 500)
    (folder / "assets" / "index-Dq3vJ9xZ.js").write_text("1;" * 500)
    (folder / "assets" / "run.sh").write_text("")
    (tmp_path / "secret.json").write_text("{}")
    (folder / "assets" / "link.json").symlink_to(tmp_path / "secret.json")
    return ConsoleFiles(folder)


def test_a_file_has_its_type_and_is_compressed(files: ConsoleFiles) -> None:
    script = files.find("assets/index-Dq3vJ9xZ.js")

    assert script is not None
    assert script.media_type == "text/javascript; charset=utf-8"
    assert script.gzipped is not None
    assert gzip.decompress(script.gzipped) == script.content
    assert files.find("assets/index-Dq3vJ9xZ.js") is script


def test_a_file_that_is_built_again_is_read_again(files: ConsoleFiles, tmp_path: Path) -> None:
    former = files.find("index.html")
    (tmp_path / "console" / "index.html").write_text("another")
    current = files.find("index.html")

    assert former is not None
    assert current is not None
    assert current.content == b"another"
    assert current.etag != former.etag


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "assets", "assets/", "/etc/passwd", "../secret.json", "assets/../../secret.json"),
        *("assets//index-Dq3vJ9xZ.js", "assets/./index-Dq3vJ9xZ.js", "assets\\index-Dq3vJ9xZ.js", "index.html\0.js"),
        *(".index.html", "assets/link.json", "assets/run.sh", "assets/none.js", "a" * 5_000 + ".js", "index.html\n"),
    ],
)
def test_nothing_else_is_found(files: ConsoleFiles, name: str) -> None:
    assert files.find(name) is None


def test_a_console_that_is_not_built_has_no_files(tmp_path: Path) -> None:
    assert ConsoleFiles(tmp_path / "none").find("index.html") is None
