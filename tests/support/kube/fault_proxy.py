"""A plain HTTP proxy in front of an API server, which injects faults.

It passes requests, headers and streams through unchanged, with one connection to the API server per client connection.
"""

import contextlib
import http.client
import json
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.kube.access import Access

UPSTREAM_TIMEOUT_S = 120.0

_REASONS = {
    401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired", 422: "Invalid",
    429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip
_HOP_BY_HOP = {"connection", "host", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class Fault:
    """A fault for the next `times` requests with this method (any if empty) and `path` (a regex that is searched for).

    `code` is the status of the response after `delay_s`; None passes the request on late, and 0 breaks the connection.
    With `carried_out` the API server executes the request: a code then replaces its response, which a client can't
    distinguish from a request that was not executed; without a code the response is delayed, and outdated by then.
    `retry_after_s` is a header; `reason` replaces the usual one. `hits` counts the affected requests, `ended` those
    that are completed.
    """

    code: int | None
    times: int = 1
    method: str = ""
    path: str = ""
    message: str = "injected by a test"
    reason: str = ""
    retry_after_s: int | None = None
    delay_s: float = 0.0
    carried_out: bool = False
    hits: int = field(default=0, init=False)
    ended: int = field(default=0, init=False)


class FaultProxy:
    """The proxy, during the block: `with FaultProxy(api_server.admin) as proxy: proxy.access(user)`."""

    def __init__(self, upstream: Access) -> None:
        address = urlsplit(upstream.server)
        self._address = (address.hostname or "", address.port or 443)
        self._tls = ssl.create_default_context(cadata=upstream.ca)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._open: set[_Handler] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.proxy = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, name="fault-proxy", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.cut()

    def access(self, somebody: Access) -> Access:
        """A user's access through this proxy."""
        return somebody.through(self.url)

    def inject(self, fault: Fault) -> Fault:
        """Inject a fault. Returns it, with its `hits` counted."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def heal(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def cut(self) -> None:
        """Break all open connections, including watches."""
        with self._lock:
            handlers = list(self._open)
        for handler in handlers:
            handler.cut()

    def fault_for(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted; None if there is none."""
        with self._lock:
            for fault in self._faults:
                if fault.hits < fault.times and fault.method in {"", method} and re.search(fault.path, path):
                    fault.hits += 1
                    return fault
        return None

    def ended(self, fault: Fault) -> None:
        """Count a completed request that `fault` has affected."""
        with self._lock:
            fault.ended += 1

    def opened(self, handler: "_Handler") -> http.client.HTTPSConnection:
        """The connection to the API server for a client's connection."""
        with self._lock:
            self._open.add(handler)
        return http.client.HTTPSConnection(*self._address, timeout=UPSTREAM_TIMEOUT_S, context=self._tls)

    def closed(self, handler: "_Handler") -> None:
        with self._lock:
            self._open.discard(handler)


class _Handler(BaseHTTPRequestHandler):
    """One client connection."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self._proxy: FaultProxy = self.server.proxy  # type: ignore[attr-defined]
        self._upstream = self._proxy.opened(self)

    def finish(self) -> None:
        self._proxy.closed(self)
        self._upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def cut(self) -> None:
        """Break the connection, from another thread."""
        for socket in (self.connection, self._upstream.sock):
            with contextlib.suppress(OSError, AttributeError):
                socket.shutdown(2)

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self._proxy.fault_for(self.command, self.path)
        if fault is None:
            self._pass_on(body)
            return
        try:
            self._meet(fault, body)
        finally:
            self._proxy.ended(fault)

    def _meet(self, fault: Fault, body: bytes) -> None:
        if fault.code is None and fault.carried_out:
            self._pass_on(body, fault.delay_s)
            return
        time.sleep(fault.delay_s)
        if fault.code is None:
            self._pass_on(body)
            return
        if fault.carried_out:
            self._ask(body).read()
        if fault.code == 0:
            self.close_connection = True
        else:
            self._refuse(fault, fault.code)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815 - named by http.server

    def _ask(self, body: bytes) -> http.client.HTTPResponse:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        self._upstream.request(self.command, self.path, body or None, headers)
        answer: http.client.HTTPResponse = self._upstream.getresponse()
        return answer

    def _pass_on(self, body: bytes, answer_after_s: float = 0.0) -> None:
        try:
            answer = self._ask(body)
            time.sleep(answer_after_s)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # the API server is unreachable: break the client's connection too
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if answer.length is not None:
            self.send_header("Content-Length", str(answer.length))
            self.end_headers()
            self.wfile.write(answer.read())
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while chunk := answer.read1(2**16):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    def _refuse(self, fault: Fault, code: int) -> None:
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": fault.message,
            "reason": fault.reason or _REASONS.get(code, ""),
            "code": code,
        }
        if fault.retry_after_s is not None:
            status["details"] = {"retryAfterSeconds": fault.retry_after_s}
        body = json.dumps(status).encode()
        self.send_response_only(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if fault.retry_after_s is not None:
            self.send_header("Retry-After", str(fault.retry_after_s))
        self.end_headers()
        self.wfile.write(body)
