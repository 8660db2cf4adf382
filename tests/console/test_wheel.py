"""The wheel of the ingestion service brings the console, complete and without a reference to another host."""

import re
import shutil
import zipfile
from pathlib import Path

import pytest

from scripts.console import BUILT, build
from tests.support.documents import ROOT
from tests.support.downloads.pypi_programs import run_uv

PROJECT = ROOT / "services/ingestion"
CONSOLE = "darkroom_ingestion/console/"
_ADDRESS = re.compile(r"(?:[a-z]+:)?//(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)
_INLINE = re.compile(r"url\(\s*['\"]?data:")
_NOT_FETCHED = {"www.w3.org", "react.dev"}
"""Hosts in names of XML namespaces, and in the messages of React's errors."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    build()
    folder = tmp_path_factory.mktemp("wheel")
    run_uv("build", "--quiet", "--wheel", "--out-dir", str(folder), str(PROJECT))
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_every_file_of_the_console_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    built = {f"{CONSOLE}{file.relative_to(BUILT)}" for file in BUILT.rglob("*") if file.is_file()}
    assert f"{CONSOLE}index.html" in built
    assert {name for name in wheel.namelist() if name.startswith(CONSOLE)} == built


def test_nothing_in_the_console_refers_to_another_host(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        if name.startswith(CONSOLE):
            content = wheel.read(name).decode()
            hosts = {found["host"] for found in _ADDRESS.finditer(content)}
            assert hosts <= _NOT_FETCHED, f"{name}: {hosts - _NOT_FETCHED}"
            assert not _INLINE.search(content), f"{name}: the policy of the page forbids data: URLs"


def test_a_wheel_without_the_console_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "ingestion"
    shutil.copytree(PROJECT, project, ignore=_without_console)
    with pytest.raises(RuntimeError, match="the web console is not built"):
        run_uv("build", "--wheel", "--out-dir", str(tmp_path), str(project))


def _without_console(folder: str, names: list[str]) -> set[str]:
    package = Path(folder).name == "darkroom_ingestion"
    return {name for name in names if name == "__pycache__" or (package and name == "console")}
