"""HTTP connections for one request at a time, with a callback for every response."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ANSWER_TIMEOUT_S = 60.0
_LOOK_S = 0.01


class Refused(Exception):
    """A response without a status of success."""


class Connection(asyncio.Protocol):
    """A connection for one request at a time. `answered` gets the connection and the body of every response."""

    def __init__(self, answered: Callable[["Connection", bytes], None], failed: "asyncio.Future[None]") -> None:
        self._answered, self._failed = answered, failed
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's transports do not derive from it

    def send(self, request: bytes) -> None:
        """Send a request. The response to the one before must be complete."""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect the response."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < int(_LENGTH.search(head)[1]):  # type: ignore[index]
            return
        if not head.startswith(b"HTTP/1.1 2"):
            self._fail(Refused(f"refused: {self._received!r}"))
            return
        self._received = b""
        self._answered(self, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server closed the connection."""
        self._fail(ConnectionError(f"the server closed a connection: {exc}"))

    def close(self) -> None:
        """End the connection."""
        self._transport.abort()

    def _fail(self, error: Exception) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)


async def connect(
    port: int, count: int, answered: Callable[[Connection, bytes], None], failed: "asyncio.Future[None]"
) -> list[Connection]:
    """Open connections to a server on this machine. The first error of any is set in `failed`."""
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: Connection(answered, failed), "127.0.0.1", port))[1] for _ in range(count)
    ]


async def until(condition: Callable[[], bool], failed: "asyncio.Future[None]") -> None:
    """Wait for a condition or a failure.

    Raises:
        TimeoutError: neither came.
    """
    deadline = time.perf_counter() + _ANSWER_TIMEOUT_S
    while not condition() and not failed.done():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"no response for {_ANSWER_TIMEOUT_S:.0f} s")
        await asyncio.wait([failed], timeout=_LOOK_S)


def end(connections: list[Connection], failed: "asyncio.Future[None]") -> None:
    """Close the connections. Raises the error of any."""
    if failed.done():
        failed.result()
    failed.cancel()
    for connection in connections:
        connection.close()
