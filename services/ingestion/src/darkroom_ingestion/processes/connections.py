"""Connections that the parent accepts and passes to an HTTP process, over a socket pair.

Processes that accept on one socket share connections unevenly: one of them takes a whole burst, and keeps it.
With a socket for each (SO_REUSEPORT), the connections of a process that ends or hangs are lost or wait.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Literal

Kind = Literal[b"h", b"p"]
"""Whether a connection is for the HTTP API or for probes."""
Take = Callable[[socket.socket, Callable[[], None]], Awaitable[None]]
"""Serves a connection. The function is to be called when the connection has ended."""

_FINISH_S = 1.0
_COUNT = struct.Struct("=Q")


def connection_sockets() -> tuple[socket.socket, socket.socket]:
    """The parent's end and the end of the HTTP process. Each packet has one connection."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return ours, theirs


class Handover:
    """The parent's end: passes connections, and knows how many of them are open."""

    def __init__(self, to: socket.socket) -> None:
        self._to = to
        self._passed = self._ended = 0
        asyncio.get_running_loop().add_reader(to.fileno(), self._learn)

    @property
    def open(self) -> int:
        """The number of open connections of the HTTP API."""
        return self._passed - self._ended

    def give(self, kind: Kind, connection: socket.socket) -> bool:
        """Pass a connection. Returns False if the process does not take it."""
        try:
            socket.send_fds(self._to, [kind], [connection.fileno()])
        except OSError:
            return False
        self._passed += kind == b"h"
        return True

    def close(self) -> None:
        """Pass no more connections."""
        asyncio.get_running_loop().remove_reader(self._to.fileno())
        self._to.close()

    def _learn(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while packet := self._to.recv(_COUNT.size):
                (self._ended,) = _COUNT.unpack(packet)
            asyncio.get_running_loop().remove_reader(self._to.fileno())  # the process has ended


class Received:
    """The end of the HTTP process: takes connections from `begin` on."""

    def __init__(self, sent: socket.socket, api: Take, probes: Take) -> None:
        self._sent = sent
        self._sent.setblocking(False)
        self._takes = {b"h": api, b"p": probes}
        self._ended = 0
        self._taking: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Take connections from now on."""
        asyncio.get_running_loop().add_reader(self._sent.fileno(), self._receive)

    async def finish(self) -> None:
        """Take the connections that have been passed, and no more."""
        asyncio.get_running_loop().remove_reader(self._sent.fileno())
        self._receive()
        if self._taking:
            # Not longer, if a client does not finish its TLS handshake.
            await asyncio.wait(self._taking, timeout=_FINISH_S)

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            while True:
                kind, descriptors, _, _ = socket.recv_fds(self._sent, 1, 1)
                if not descriptors:
                    asyncio.get_running_loop().remove_reader(self._sent.fileno())  # the parent has ended
                    return
                task = asyncio.create_task(self._take(kind, socket.socket(fileno=descriptors[0])))
                self._taking.add(task)
                task.add_done_callback(self._taking.discard)

    async def _take(self, kind: bytes, connection: socket.socket) -> None:
        ended = self._count_end if kind == b"h" else _ignore
        try:
            await self._takes[kind](connection, ended)
        except OSError:  # the client has disconnected
            connection.close()
            ended()

    def _count_end(self) -> None:
        self._ended += 1
        # A packet that does not fit is made up for by the next one.
        with contextlib.suppress(OSError):
            self._sent.send(_COUNT.pack(self._ended))


def _ignore() -> None:
    """Probes are not counted."""
