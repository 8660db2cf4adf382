"""Downloads: ranges, limits and statuses."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientPayloadError
from yarl import URL

from darkroom_vision.sources.addresses import address_policy
from darkroom_vision.sources.download import download, download_once
from darkroom_vision.sources.failures import Busy, NotFound, Refused
from darkroom_vision.sources.http_client import HttpClient
from darkroom_vision.sources.remote_file import RemoteFile
from tests.support.model_servers.file_server import FileServer, file_server

CONTENT = bytes(range(256)) * 4096


def fetch(server: FileServer, part: Path) -> bytes:
    asyncio.run(download_once(RemoteFile(f"{server.url}/m.onnx", advice="set TOKEN"), part))
    return part.read_bytes()


def test_a_download_continues_where_the_last_one_broke_off(tmp_path: Path) -> None:
    with file_server(CONTENT) as server:
        server.breaks = 1
        with pytest.raises(ClientPayloadError):
            fetch(server, tmp_path / "part")
        assert 0 < (tmp_path / "part").stat().st_size < len(CONTENT)
        assert fetch(server, tmp_path / "part") == CONTENT
        assert fetch(server, tmp_path / "part") == CONTENT, "nothing is left to fetch"
        assert server.starts[0] == 0 < server.starts[1]
        assert len(server.starts) == 2


def test_a_part_longer_than_the_file_is_discarded(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(CONTENT + b"more")
    with file_server(CONTENT) as server:
        with pytest.raises(Busy, match="the file has changed"):
            fetch(server, tmp_path / "part")
        assert fetch(server, tmp_path / "part") == CONTENT


@pytest.mark.parametrize(
    ("status", "retry_after", "error", "message"),
    [
        (404, "", NotFound, "the file does not exist"),
        (401, "", Refused, r"127\.0\.0\.1 answers 401 Unauthorized: set TOKEN"),
        (403, "", Refused, "answers 403 Forbidden: set TOKEN"),
        (418, "", Refused, "answers 418"),
        (500, "", Busy, "answers 500"),
        (429, "7", Busy, "answers 429"),
    ],
)
def test_statuses_say_whether_another_attempt_may_help(
    tmp_path: Path, status: int, retry_after: str, error: type[Exception], message: str
) -> None:
    with file_server(CONTENT) as server:
        server.fails = [(status, retry_after)]
        with pytest.raises(error, match=message) as raised:
            fetch(server, tmp_path / "part")
    assert not (tmp_path / "part").exists()
    if isinstance(raised.value, Busy):
        assert raised.value.retry_after_s == float(retry_after or 0)


@pytest.mark.parametrize(
    ("value", "seconds"), [("3600", 30), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 0), ("nan", 0)]
)
def test_the_server_asks_for_a_wait_within_limits(tmp_path: Path, value: str, seconds: float) -> None:
    with file_server(CONTENT) as server:
        server.fails = [(503, value)]
        with pytest.raises(Busy) as raised:
            fetch(server, tmp_path / "part")
    assert raised.value.retry_after_s == seconds


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async def fetch_small() -> None:
        async with HttpClient(URL(server.url), address_policy({})) as client:
            await download(client, RemoteFile(server.url), tmp_path / "part", max_bytes=100)

    with file_server(CONTENT) as server, pytest.raises(Refused, match="it has more than 100 bytes"):
        asyncio.run(fetch_small())
    assert not (tmp_path / "part").exists()
