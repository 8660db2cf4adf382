"""A Maven repository served from a folder over HTTP, for the real client without internet access."""

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from darkroom_cli.local_kafka.jars import Jar

# The sha256 of b"first" and b"second", by sha256sum.
FIRST = Jar("org.example", "first", "1.0", "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e")
SECOND = Jar("org.example", "second", "2.1", "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4")


class Repository:
    """A Maven repository on 127.0.0.1. The first `failures` requests for a jar get a 503."""

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


def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
