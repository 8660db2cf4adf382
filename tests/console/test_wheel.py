"""The wheel of the ingestion service brings the console, complete; it works without a network."""

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, Playwright, Request, expect

from scripts.console import BUILT, build
from tests.support.browser.chromium import launched
from tests.support.browser.watched import watched_page
from tests.support.documents import ROOT
from tests.support.downloads.pypi_programs import run_uv
from tests.support.kafka import SharedKafka
from tests.support.services.ingestion import Service, accepted, make_pipeline

PROJECT = ROOT / "services/ingestion"
CONSOLE = "darkroom_ingestion/console/"
_ADDRESS = re.compile(r"(?:[a-z]+:)?//(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)
_INLINE = re.compile(r"url\(\s*['\"]?data:")
_NOT_FETCHED = {"www.w3.org", "react.dev"}
"""Hosts in names of XML namespaces, and in the messages of React's errors."""
_NO_NETWORK = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--no-proxy-server"]
_LEFT = "net::ERR_ABORTED"
"""The failure of a request that a page no longer waits for, such as a stream."""
_SCREENS = {
    "live": "ul li canvas",
    "explore": "ul[aria-label=Images] img",
    "images/{image}": "text=Analysed",
    "dead-letters": "ul[aria-label='Dead letters'] img",
    "overview": "text=Partitions",
    "submit": "text=Choose pictures",
}
"""The screens of a pipeline, each with what it shows when it is complete."""


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


def test_every_screen_of_the_wheel_works_without_a_network(
    wheel: zipfile.ZipFile,
    kafka: SharedKafka,
    playwright: Playwright,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service runs from the files of the wheel. Chromium finds no host but this machine."""
    wheel.extractall(tmp_path / "wheel")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "wheel"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    pipeline = make_pipeline(kafka.bootstrap_servers)
    service = Service(tmp_path, [pipeline]).start()
    try:
        image, failed = accepted(service, pipeline), accepted(service, pipeline)
        pipeline.analyze(image)
        pipeline.fail(failed)
        address = f"http://127.0.0.1:{service.port}"
        requested, lost = set(), []

        def failure(request: Request) -> None:
            if request.failure != _LEFT:
                lost.append(f"{request.url}: {request.failure}")

        with launched(playwright, _NO_NETWORK) as browser, watched_page(browser) as watched:
            page: Page = watched.page
            page.on("request", lambda request: requested.add(request.url.split("/")[2]))
            page.on("requestfailed", failure)
            for screen, complete in _SCREENS.items():
                path = screen.format(image=image["id"])
                page.goto(f"{address}/p/{pipeline.namespace}/{pipeline.name}/{path}")
                expect(page.locator(complete).first).to_be_visible()
            with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
                browser.new_page().goto("http://localhost.localdomain/")
    finally:
        service.kill()
    assert lost == []
    assert requested == {f"127.0.0.1:{service.port}"}


def test_a_wheel_without_the_console_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "ingestion"
    shutil.copytree(PROJECT, project, ignore=_without_console)
    with pytest.raises(RuntimeError, match="the web console is not built"):
        run_uv("build", "--wheel", "--out-dir", str(tmp_path), str(project))


def _without_console(folder: str, names: list[str]) -> set[str]:
    package = Path(folder).name == "darkroom_ingestion"
    return {name for name in names if name == "__pycache__" or (package and name == "console")}
