"""The HTTP servers: uvicorn with connections of other processes, and a callback before shutdown."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from darkroom_ingestion.http.server.protocol import AtOnce, BoundedProtocol

_HANDSHAKE_S = 10.0
_MAX_CONNECTIONS = 4_096
_MAX_PROBES = 64


class TakingServer(uvicorn.Server):
    """A server that also serves connections which another process has accepted.

    Args:
        started: called when connections are served.
        tls: the context for TLS; None to serve plain HTTP.
        at_once: handles requests before the application does.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        started: Callable[[], None],
        tls: ssl.SSLContext | None = None,
        at_once: AtOnce | None = None,
    ) -> None:
        super().__init__(config)
        self._started, self._tls, self._at_once = started, tls, at_once
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
        protocol = BoundedProtocol(self.config, self.server_state, self.lifespan.state)
        protocol.at_once = self._at_once
        return protocol


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
        at_once: AtOnce | None = None,
    ) -> None:
        super().__init__(config, started, tls, at_once)
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
    at_once: AtOnce | None = None,
) -> Server:
    """The server of `app`, with TLS if it has a context for it, and what handles requests before `app`."""
    config = _config(
        app,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=round(shutdown_timeout_s),
    )
    return Server(config, started, stopping, tls, at_once)


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
