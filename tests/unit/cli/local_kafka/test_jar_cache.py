"""Kafka's jars, from a Maven repository that is a folder served over HTTP: the real client, without the internet."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka import download, jars
from darkroom_cli.local_kafka.jars import Jar, ensure_jars, pinned_jars

# The sha256 of b"first" and b"second", by sha256sum.
FIRST = Jar("org.example", "first", "1.0", "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e")
SECOND = Jar("org.example", "second", "2.1", "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4")


class Repository:
    """A Maven repository on 127.0.0.1. `failures` is how many requests for a jar are answered with 503 first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failures = 0
        self.downloads: list[str] = []
        self.put(FIRST, b"first")
        self.put(SECOND, b"second")
        repository = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith(".jar") and repository.failures > 0:
                    repository.failures -= 1
                    self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
                    return
                if self.path.endswith(".jar"):
                    repository.downloads.append(Path(self.path).name)
                super().do_GET()

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))

    def put(self, jar: Jar, content: bytes) -> None:
        path = self.folder / jar.group.replace(".", "/") / jar.artifact / jar.version / jar.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """Takes the place of Maven Central, as a company's mirror does; the two example jars take the place of Kafka's."""
    monkeypatch.setattr(jars, "pinned_jars", lambda: (FIRST, SECOND))
    monkeypatch.setattr(download, "_FIRST_PAUSE_S", 0.01)
    repository = Repository(tmp_path / "repository")
    mirror(tmp_path, monkeypatch, repository.server.server_port)
    thread = threading.Thread(target=repository.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield repository
    repository.server.shutdown()
    repository.server.server_close()
    thread.join(10)


def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))


def test_all_jars_of_kafka_are_pinned() -> None:
    pinned = pinned_jars()
    assert len(pinned) == 46
    assert len({jar.filename for jar in pinned}) == 46
    assert all(len(bytes.fromhex(jar.sha256)) == hashlib.sha256().digest_size for jar in pinned)
    assert "kafka_2.13-4.3.1.jar" in {jar.filename for jar in pinned}


def test_what_is_missing_is_downloaded_and_what_is_there_is_not(repository: Repository, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / FIRST.filename).write_bytes(b"first")
    assert ensure_jars(cache) == (cache / "first-1.0.jar", cache / "second-2.1.jar")
    assert (cache / "second-2.1.jar").read_bytes() == b"second"
    assert repository.downloads == ["second-2.1.jar"]
    assert {path.name for path in cache.iterdir()} == {"first-1.0.jar", "second-2.1.jar", "lock"}


def test_a_damaged_jar_in_the_cache_is_replaced(repository: Repository, tmp_path: Path) -> None:
    ensure_jars(tmp_path / "cache")
    (tmp_path / "cache" / FIRST.filename).write_bytes(b"firs")
    ensure_jars(tmp_path / "cache")
    assert (tmp_path / "cache" / FIRST.filename).read_bytes() == b"first"


def test_a_jar_with_the_wrong_content_is_never_used(repository: Repository, tmp_path: Path) -> None:
    repository.put(FIRST, b"something else")
    with pytest.raises(DarkroomError, match=r"first-1\.0\.jar: its sha256 is not the pinned a7937b64b8ca"):
        ensure_jars(tmp_path / "cache")
    assert not (tmp_path / "cache" / FIRST.filename).exists()


def test_a_download_is_tried_again_and_says_so(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.failures = 2
    ensure_jars(tmp_path / "cache")
    printed = capsys.readouterr()
    assert printed.err.count("trying again") == 2
    assert "Downloading Kafka 4.3.1: 2 of 2 jars" in printed.err
    assert printed.out == ""


def test_many_at_a_time_download_once(repository: Repository, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure_jars, [tmp_path / "cache"] * 4))
    assert sorted(repository.downloads) == ["first-1.0.jar", "second-2.1.jar"]


def test_an_unreachable_repository_is_told_in_one_line_with_the_way_round(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed_port = server.getsockname()[1]
    mirror(tmp_path, monkeypatch, closed_port)
    with pytest.raises(DarkroomError, match=r"cannot download Kafka 4\.3\.1 from Maven Central") as refusal:
        ensure_jars(tmp_path / "cache")
    assert "Connection refused" in str(refusal.value)
    assert "--bootstrap-servers" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_cache_folder_that_cannot_be_made_is_named(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DarkroomError, match=r"cannot use the cache folder .*/file/cache: Not a directory"):
        ensure_jars(tmp_path / "file" / "cache")
