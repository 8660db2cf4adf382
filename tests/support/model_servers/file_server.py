"""An HTTP server for one file, which can break off, redirect or fail."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves `content` at every path, and ranges of it.

    Attributes:
        breaks: the next responses with a body end after half of it, as often as this.
        fails: the next responses have this status and this Retry-After, one for each pair.
        redirect: the target of a redirect for all requests; None if there is none.
        starts: the first byte of each request that was answered with content.
        authorizations: the Authorization headers received.
    """

    daemon_threads = True

    def __init__(self, content: bytes, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.content = content
        self.breaks = 0
        self.fails: list[tuple[int, str]] = []
        self.redirect: str | None = None
        self.starts: list[int] = []
        self.authorizations: set[str | None] = set()

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"{self._scheme}://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        server, content = self.server, self.server.content
        server.authorizations.add(self.headers.get("Authorization"))
        self.close_connection = True
        if server.redirect is not None:
            self._empty(302, {"Location": server.redirect})
            return
        if server.fails:
            status, retry_after = server.fails.pop(0)
            self._empty(status, {"Retry-After": retry_after} if retry_after else {})
            return
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start >= len(content) > 0:
            self._empty(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        server.starts.append(start)
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        end = len(content)
        if server.breaks:
            server.breaks -= 1
            end = start + (end - start) // 2
        self.wfile.write(content[start:end])

    def _empty(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def file_server(content: bytes, tls: ssl.SSLContext | None = None) -> Iterator[FileServer]:
    """A FileServer for as long as the block runs, with https if `tls` has its certificate."""
    with FileServer(content, tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
