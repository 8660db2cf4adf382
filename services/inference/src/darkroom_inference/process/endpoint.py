"""The worker's HTTP endpoint: /healthz, /readyz and /metrics."""

import json
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from darkroom.errors import DarkroomError

LOADED: Final = "loaded"
"""The value of `model` in the details of a worker's readiness, once that is true."""

_REQUEST_TIMEOUT_S = 5.0
_POLL_S = 0.01


class PortUnavailable(DarkroomError):
    """The worker can't listen on its port."""


@dataclass(frozen=True)
class Report:
    """Whether the worker is healthy or ready, with details as JSON."""

    ok: bool
    detail: dict[str, Any]


class Reporter(Protocol):
    """Reports on a worker."""

    def health(self) -> Report:
        """Healthy if every loop makes progress."""

    def readiness(self) -> Report:
        """Ready if the worker is able to process images."""

    def metrics(self) -> bytes:
        """The metrics in Prometheus' text format."""


class Endpoint:
    """Serves a worker's health and metrics until closed.

    Raises:
        PortUnavailable: the port is taken, or not allowed.
    """

    def __init__(self, host: str, port: int, reporter: Reporter) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(reporter))
        except OSError as error:
            raise PortUnavailable(f"port {port} of {host}: {error.strerror}: choose another with --port") from error
        self._server.daemon_threads = True
        self._ending, self._end = os.pipe()
        self._start()

    @property
    def port(self) -> int:
        """The port that the endpoint listens on."""
        return int(self._server.server_address[1])

    def tell_port(self, writer: int) -> None:
        """Write the port to the file descriptor that the parent process reads it from, and close that."""
        os.write(writer, str(self.port).encode())
        os.close(writer)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have no threads in the block, so that this process may fork. Meanwhile, requests wait."""
        self._stop()
        deadline = time.monotonic() + _REQUEST_TIMEOUT_S
        while self._is_responding() and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            self._start()

    def close(self) -> None:
        """Stop listening."""
        self._stop()
        self.abandon()

    def abandon(self) -> None:
        """Stop listening in a fork of the process that serves."""
        self._server.server_close()
        os.close(self._ending)
        os.close(self._end)

    def _is_responding(self) -> bool:
        return any(self._server.process_request_thread.__name__ in thread.name for thread in threading.enumerate())

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._serve, name="endpoint", daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        os.write(self._end, b"\0")
        self._thread.join()

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._server.fileno(), self._ending], [], [])
            if self._ending in ready:
                os.read(self._ending, 1)
                return
            self._server.handle_request()


def _handler(reporter: Reporter) -> type[BaseHTTPRequestHandler]:
    routes = {"/healthz": reporter.health, "/readyz": reporter.readiness}

    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_TIMEOUT_S
        wbufsize = -1  # send head and body together

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._reply(HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, reporter.metrics())
            elif route := routes.get(path):
                report = route()
                status = HTTPStatus.OK if report.ok else HTTPStatus.SERVICE_UNAVAILABLE
                self._reply(status, "application/json", json.dumps(report.detail).encode())
            else:
                self._reply(HTTPStatus.NOT_FOUND, "application/json", b'{"error": "try /healthz, /readyz or /metrics"}')

        def _reply(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - overrides
            """Log nothing: probes come every few seconds."""

    return Handler
