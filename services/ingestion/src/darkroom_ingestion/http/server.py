"""The HTTP server: uvicorn with limits for request heads, and a callback before shutdown."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

_MAX_HEAD_BYTES = 96 * 1024
_HEAD_TIMEOUT_S = 15.0
_HANDSHAKE_S = 10.0
ABORT = "darkroom.abort"
"""Key in the ASGI scope: a function that closes the connection immediately, without sending its buffers."""
ARRIVED = "darkroom.arrived"
"""Key in the ASGI scope: a function that returns the whole body if it has arrived already; else None."""
RESPOND = "darkroom.respond"
"""Key in the ASGI scope: a `Respond`."""
Respond = Callable[[int, bytes, bytes], Awaitable[None]]
"""Sends a whole response: its status, its header lines, and its body."""
_MAX_CONNECTIONS = 4_096
_MAX_PROBES = 64


class BoundedProtocol(HttpToolsProtocol):
    """A connection with limits for the size and the time of a request's head."""

    _head_bytes = 0
    _in_head = True
    _idle = False
    _head_timer: asyncio.TimerHandle | None = None
    ended: Callable[[], None] | None = None
    """Called when the connection has ended."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        self._idle = False
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and not self._idle and self._head_timer is None:
            self._await_head()
        # The bytes may belong to a body as well; only an unfinished head counts.
        if self._in_head and self._head_bytes > _MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        """A request has started."""
        self._in_head, self._idle, self._head_bytes = True, False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The request's head is complete."""
        self._in_head = False
        self._stop_waiting()
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]
        super().on_headers_complete()
        self.scope[ARRIVED] = partial(_arrived, self.cycle)  # type: ignore[literal-required]
        self.scope[RESPOND] = partial(_respond, self.cycle)  # type: ignore[literal-required]

    def on_body(self, body: bytes) -> None:
        """A part of a body has arrived."""
        # uvicorn appends it to a bytearray, and copies that again when it is read.
        if not self.cycle.body and not self.cycle.response_complete:
            self.cycle.body = body  # type: ignore[assignment]
            body = b""
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request's body is complete: the next head may follow."""
        super().on_message_complete()
        self._in_head, self._idle, self._head_bytes = True, True, 0

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected."""
        self._stop_waiting()
        super().connection_lost(exc)
        if self.ended is not None:
            self.ended()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(_HEAD_TIMEOUT_S, self._refuse, 408)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()


def _arrived(cycle: RequestResponseCycle) -> bytes | None:
    """The whole body if it has arrived already. `cycle.receive` would not return it again."""
    if cycle.more_body or cycle.disconnected:
        return None
    body, cycle.body = bytes(cycle.body), bytearray()
    return body


async def _respond(cycle: RequestResponseCycle, status: int, headers: bytes, body: bytes) -> None:
    """Send a whole response in one write, as `cycle.send` does in two, after it has checked every header.

    Args:
        cycle: the request.
        status: the status code.
        headers: lines, each with its line end, without Content-Length.
        body: not empty.
    """
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    cycle.response_started = cycle.response_complete = True
    head = [STATUS_LINE[status], headers, b"content-length: %d\r\n" % len(body)]
    for name, value in cycle.default_headers:
        head += (name, b": ", value, b"\r\n")
    if not cycle.keep_alive:
        head.append(b"connection: close\r\n")
    cycle.transport.write(b"".join((*head, b"\r\n", body)))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


class TakingServer(uvicorn.Server):
    """A server that also serves connections which another process has accepted.

    Args:
        started: called when connections are served.
        tls: the context for TLS; None to serve plain HTTP.
    """

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(config)
        self._started, self._tls = started, tls
        self._handshake_s = None if tls is None else _HANDSHAKE_S

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve connections."""
        await super().startup([])
        loop = asyncio.get_running_loop()
        for listening in sockets or []:
            # As uvicorn does, but with a time limit for TLS handshakes: it counts connections only after them.
            serving = await loop.create_server(
                self._protocol,
                sock=listening,
                backlog=self.config.backlog,
                ssl=self._tls,
                ssl_handshake_timeout=self._handshake_s,
            )
            self.servers.append(serving)
        self._started()

    async def take(self, connection: socket.socket, ended: Callable[[], None]) -> None:
        """Serve a connection. `ended` is called at its end. Call it after the server has started.

        Raises:
            OSError: the client has disconnected, or the TLS handshake has failed. `ended` is not called.
        """
        loop = asyncio.get_running_loop()
        protocol = self._protocol()
        protocol.ended = ended
        connection.setblocking(False)
        await loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=self._tls, ssl_handshake_timeout=self._handshake_s
        )

    def _protocol(self) -> BoundedProtocol:
        return BoundedProtocol(self.config, self.server_state, self.lifespan.state)


class Server(TakingServer):
    """A server that informs the application before it waits for the requests in flight.

    Args:
        stopping: called before the server stops. Connections that it takes are served.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        started: Callable[[], None],
        stopping: Callable[[], Awaitable[None]],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(config, started, tls)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler
        """Stop gracefully; on a second signal immediately. The exit code is 0."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting connections, end the live feeds, finish the requests in flight."""
        await self._stopping()
        await super().shutdown(sockets)


class ProbeServer(TakingServer):
    """A second server on the same event loop. The main server handles signals and ends it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signals."""
        yield


@contextlib.asynccontextmanager
async def probes_served(app: Any, sockets: list[socket.socket]) -> AsyncIterator[ProbeServer]:
    """Run a second server, of `app`, for the duration of the block."""
    started = asyncio.Event()
    probes = ProbeServer(_config(app, limit_concurrency=_MAX_PROBES, timeout_graceful_shutdown=1), started.set)
    serving = asyncio.create_task(probes.serve(sockets), name="probes")
    try:
        await started.wait()
        yield probes
    finally:
        probes.should_exit = True
        await serving


def server(
    app: Any,
    shutdown_timeout_s: float,
    started: Callable[[], None],
    stopping: Callable[[], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> Server:
    """The server of `app`, with TLS if it has a context for it."""
    config = _config(
        app,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=round(shutdown_timeout_s),
    )
    return Server(config, started, stopping, tls)


def _config(app: Any, **own: Any) -> uvicorn.Config:
    """The configuration of a server of `app`: common settings and `own` ones."""
    return uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        **own,
    )
