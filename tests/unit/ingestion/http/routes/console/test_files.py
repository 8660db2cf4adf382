"""The pages and assets of the console as HTTP responses."""

import asyncio
from functools import cache
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from darkroom_ingestion.http.app import create_app

SCRIPT = "console.log(1);" * 100


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("console")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text('<!doctype html><script src="/assets/index-Dq3vJ9xZ.js"></script>')
    (folder / "assets" / "index-Dq3vJ9xZ.js").write_text(SCRIPT)
    (folder / "assets" / "darkroom.svg").write_text("<svg/>")
    return folder


@cache
def app(console: Path) -> FastAPI:
    return create_app(console=console)


def request(console: Path, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app(console))
        async with httpx.AsyncClient(transport=transport, base_url="http://darkroom") as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, path, headers=named)

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/", "/p/demo/digits/live", "/p/demo/digits/images/019a?stage=classify", "/p/"])
def test_every_screen_is_the_same_page_under_a_strict_policy(console: Path, path: str) -> None:
    page = request(console, path)

    assert page.status_code == 200
    assert page.text == (console / "index.html").read_text()
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["worker-src"] == "'self'"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=(self)" in page.headers["Permissions-Policy"]


def test_an_asset_with_a_hash_in_its_name_is_cached_for_ever_and_another_is_not(console: Path) -> None:
    script = request(console, "/assets/index-Dq3vJ9xZ.js", accept_encoding="identity")
    icon = request(console, "/assets/darkroom.svg")

    assert (script.text, script.headers["Cache-Control"]) == (SCRIPT, "public, max-age=31536000, immutable")
    assert "Content-Encoding" not in script.headers
    assert icon.headers["Cache-Control"] == "no-cache"
    assert icon.headers["Content-Type"] == "image/svg+xml"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("br, GZIP;q=0.5", "gzip"), ("gzip;q=0", None), ("gzip; q=0.0, br", None), ("x-gzip", None)],
)
def test_a_script_is_compressed_for_clients_that_accept_it(console: Path, accepted: str, coding: str | None) -> None:
    script = request(console, "/assets/index-Dq3vJ9xZ.js", accept_encoding=accepted)

    assert script.headers.get("Content-Encoding") == coding
    assert script.headers["Vary"] == "Accept-Encoding"
    assert script.text == SCRIPT


def test_a_client_that_has_the_file_gets_304(console: Path) -> None:
    etag = request(console, "/").headers["ETag"]

    assert request(console, "/", if_none_match=f'"other", W/{etag}').status_code == 304
    assert request(console, "/", if_none_match='"other"').status_code == 200


def test_head_has_the_headers_of_get(console: Path) -> None:
    head, get = (request(console, "/assets/index-Dq3vJ9xZ.js", method) for method in ("HEAD", "GET"))

    assert head.content == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/assets/", "/assets/..%2Findex.html", "/assets/%2e%2e/index.html", "/assets//etc/hosts"],
)
def test_a_file_that_is_not_there_is_a_problem(console: Path, path: str) -> None:
    missing = request(console, path)

    assert missing.status_code == 404
    assert missing.headers["Content-Type"] == "application/problem+json"


def test_a_console_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    page = request(tmp_path / "none", "/p/demo/digits/live")

    assert page.status_code == 404
    assert "<code>make console</code>" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
