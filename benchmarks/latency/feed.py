"""A client of a pipeline's live feed, and images that are timed until their event arrives."""

import asyncio
import re
from collections.abc import Callable
from typing import cast

import uvicorn

from benchmarks.ingestion.client import precise_loop, send_at_rate
from benchmarks.ingestion.connections import Connection, connect, end, until
from benchmarks.ingestion.target import Target, jpeg, post

_ANALYSED = re.compile(rb'"imageId": ?"([^"]+)"')
_OK = b"HTTP/1.1 200 "
_ACCEPTED = re.compile(rb'"id": ?"([^"]+)"')


class Feed(asyncio.Protocol):
    """The client of a live feed. `seen` gets the id of every image that has a result."""

    def __init__(self, seen: Callable[[bytes], None]) -> None:
        self._seen = seen
        self._received = b""
        loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = loop.create_future()
        self.failed: asyncio.Future[None] = loop.create_future()

    async def follow(self, at: Target) -> None:
        """Request the results of a pipeline from now on."""
        self._transport.write(f"GET {at.path}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await asyncio.wait([self._opened, self.failed], return_when=asyncio.FIRST_COMPLETED)
        if self.failed.done():
            self.failed.result()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Read complete events. The first, without data, says that the feed is live."""
        self._received += data
        if not self._opened.done() and not self._received.startswith(_OK[: len(self._received)]):
            self._fail(ConnectionError(f"no feed: {self._received!r}"))
        complete, end_of_event, self._received = self._received.rpartition(b"\n\n")
        if end_of_event and not self._opened.done():
            self._opened.set_result(None)
        for image_id in _ANALYSED.findall(complete):
            self._seen(image_id)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server closed the connection."""
        self._fail(exc or ConnectionError("the service closed the feed"))

    def close(self) -> None:
        """End the connection. Raises the error of the feed."""
        if self.failed.done():
            self.failed.result()
        self.failed.cancel()
        self._transport.abort()

    def _fail(self, error: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)


async def open_feed(port: int, at: Target, seen: Callable[[bytes], None]) -> Feed:
    """A client that follows the results of a pipeline from now on."""
    loop = asyncio.get_running_loop()
    _, feed = await loop.create_connection(lambda: Feed(seen), "127.0.0.1", port)
    await feed.follow(at)
    return feed


def most_per_second(port: int, at: Target, in_flight: int, seconds: float) -> float:
    """Images per second from upload to event, if a new image is sent for every event."""
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        return runner.run(_most_per_second(port, at, in_flight, seconds))


async def _most_per_second(port: int, at: Target, in_flight: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    request = post(f"{at.path}/images", jpeg())
    accepted: dict[bytes, Connection] = {}
    early: set[bytes] = set()
    events = 0

    def is_answered(connection: Connection, body: bytes) -> None:
        image_id = _id_of(body)
        accepted[image_id] = connection
        if image_id in early:
            early.remove(image_id)
            seen(image_id)

    def seen(image_id: bytes) -> None:
        nonlocal events
        connection = accepted.pop(image_id, None)
        if connection is None:
            early.add(image_id)
            return
        events += 1
        connection.send(request)

    failed: asyncio.Future[None] = loop.create_future()
    feed = await open_feed(port, at, seen)
    connections = await connect(port, in_flight, is_answered, failed)
    for connection in connections:
        connection.send(request)
    await until(lambda: events >= in_flight, failed)
    started, before = loop.time(), events
    await asyncio.wait([failed, feed.failed], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    await until(lambda: events - before >= in_flight, failed)
    per_second = (events - before) / (loop.time() - started)
    end(connections, failed)
    feed.close()
    return per_second


def until_events(port: int, at: Target, per_second: float, connections: int, seconds: float) -> list[float]:
    """Send images at equal intervals, whether or not there are results of those before.

    Returns:
        The seconds from the time at which each image was due to the event with its result.
    """
    with asyncio.Runner(loop_factory=precise_loop) as runner:
        return runner.run(_until_events(port, at, per_second, connections, seconds))


async def _until_events(port: int, at: Target, per_second: float, connections: int, seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    due_at: dict[bytes, float] = {}
    seen_at: dict[bytes, float] = {}

    def seen(image_id: bytes) -> None:
        seen_at[image_id] = loop.time()

    def is_answered(due: float, body: bytes) -> None:
        due_at[_id_of(body)] = due

    feed = await open_feed(port, at, seen)
    request = post(f"{at.path}/images", jpeg())
    await send_at_rate(port, request, per_second, connections, seconds, is_answered)
    await until(lambda: due_at.keys() <= seen_at.keys(), feed.failed)
    feed.close()
    return [seen_at[image_id] - due for image_id, due in due_at.items()]


def _id_of(accepted: bytes) -> bytes:
    return _ACCEPTED.search(accepted)[1]  # type: ignore[index]
