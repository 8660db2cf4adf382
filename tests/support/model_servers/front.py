"""An HTTP server in front of a registry, which may break off, hold, damage or redirect the transfer of blobs."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_BLOCK_BYTES = 1 << 16
_PASSED_ON = ("Content-Type", "Content-Range", "Docker-Content-Digest", "WWW-Authenticate", "ETag")


class Front(ThreadingHTTPServer):
    """Passes GET requests on to the registry at `url`.

    Attributes:
        breaks: the next transfers of blobs end after a quarter of them, as often as this.
        holds_after: bytes after which a transfer of a blob stops until `release`; None for never.
        expires: the next requests for blobs are passed on without their token, as often as this.
        damages: whether the first byte of each blob is changed.
        redirects_blobs_to: the URL of another registry for blobs; None for none.
        authorizations: the Authorization headers received.
        sent: bytes of blobs sent.
    """

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.target = urlsplit(url).netloc
        self.breaks = 0
        self.holds_after: int | None = None
        self.expires = 0
        self.damages = False
        self.redirects_blobs_to: str | None = None
        self.authorizations: set[str | None] = set()
        self.sent = 0
        self.requests: list[tuple[str, str | None]] = []
        self.released = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def release(self) -> None:
        """End the transfers that are held, and hold no others."""
        self.holds_after = None
        self.released.set()

    def blob_ranges(self, digest: str) -> list[str | None]:
        """The Range headers of all requests for a blob."""
        return [asked for path, asked in self.requests if path.endswith(digest)]


class _Answer(BaseHTTPRequestHandler):
    server: Front

    def do_GET(self) -> None:
        front = self.server
        self.close_connection = True
        front.requests.append((self.path, self.headers.get("Range")))
        front.authorizations.add(self.headers.get("Authorization"))
        is_blob = "/blobs/" in self.path
        if is_blob and front.redirects_blobs_to is not None:
            self.send_response(307)
            self.send_header("Location", front.redirects_blobs_to + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        connection = http.client.HTTPConnection(front.target, timeout=30)
        left_out = {"Host"}
        if is_blob and front.expires:
            front.expires -= 1
            left_out.add("Authorization")
        headers = {name: value for name, value in self.headers.items() if name not in left_out}
        connection.request("GET", self.path, headers=headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        self.send_response(response.status)
        self.send_header("Content-Length", str(len(content)))
        for name in _PASSED_ON:
            if (value := response.headers.get(name)) is not None:
                self.send_header(name, value)
        self.end_headers()
        self._send(content, is_blob=is_blob)

    def _send(self, content: bytes, *, is_blob: bool) -> None:
        front = self.server
        if is_blob and front.damages:
            content = bytes([content[0] ^ 1]) + content[1:]
        if is_blob and front.breaks:
            front.breaks -= 1
            content = content[: len(content) // 4]
        for start in range(0, len(content), _BLOCK_BYTES):
            if is_blob and front.holds_after is not None and start >= front.holds_after:
                front.released.wait()
                return
            self.wfile.write(content[start : start + _BLOCK_BYTES])
            front.sent += len(content[start : start + _BLOCK_BYTES]) if is_blob else 0

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def front(url: str) -> Iterator[Front]:
    """A Front for as long as the block runs."""
    with Front(url) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.release()
            server.shutdown()
            thread.join()
