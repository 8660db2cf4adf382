"""The operator's HTTP server: /metrics for Prometheus, /readyz for Kubernetes."""

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

REQUEST_TIMEOUT_S = 10


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = REQUEST_TIMEOUT_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Log nothing: probes and scrapes are frequent."""


class HttpServer:
    """Serves until stopped."""

    def __init__(self, port: int, registry: CollectorRegistry, is_ready: Callable[[], bool]) -> None:
        metrics = make_wsgi_app(registry)

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            match environ["PATH_INFO"]:
                case "/metrics":
                    content: Iterable[bytes] = metrics(environ, start_response)
                    return content
                case "/readyz":
                    ready = is_ready()
                    start_response("200 OK" if ready else "503 Service Unavailable", [("Content-Type", "text/plain")])
                    return [b"ready\n" if ready else b"filling the cache\n"]
                case _:
                    start_response("404 Not Found", [("Content-Type", "text/plain")])
                    return [b"not found: this server has /metrics and /readyz\n"]

        self._server = make_server("", port, application, _Server, _QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return self._server.server_port

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
