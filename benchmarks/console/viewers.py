"""Web consoles without a browser: `python -m benchmarks.console.viewers URL PIPELINE NUMBER`, until they are ended.

Each requests what a page with the wall requests in Chromium, with its headers and its number of connections: the live
stream, the thumbnails of the images that the wall adds, the state of the service every ten seconds, and the pipelines
every thirty. It reads responses with a parser in C, because consoles run on other machines: their own CPU time should
not be part of what is measured.
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import httptools
import uvicorn

_CONNECTIONS = 6
"""To one host, as browsers open them. One has the live stream."""
_TICK_S, _TICK_AT_S = 0.5, 0.05
_MOST_ADDED, _MOST_AT_ONCE, _MOST_WAITING = 6, 12, 60
_HEADERS = """\
Host: {host}
Connection: keep-alive
sec-ch-ua-platform: "Linux"
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36
sec-ch-ua: "Chromium";v="143", "Not A(Brand";v="24"
sec-ch-ua-mobile: ?0
Accept: {accept}
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: {mode}
Sec-Fetch-Dest: {destination}
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9
"""
_OF_SCRIPTS = {"mode": "cors", "destination": "empty"}
_OF_PICTURES = {
    "accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "mode": "no-cors",
    "destination": "image",
}


class _Connection(asyncio.Protocol):
    """A connection for one request at a time. `took` gets the pieces of bodies, `ended` is called after each."""

    def __init__(self, took: Callable[[bytes], None], ended: Callable[["_Connection"], None]) -> None:
        self.on_body, self._ended = took, ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: bytes) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._ended(self)

    def connection_lost(self, exc: Exception | None) -> None:
        raise SystemExit(f"the service closed a connection: {exc}")


class _Console:
    """A page with the wall, and the connections of its browser."""

    def __init__(self, url: str, pipeline: str) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 80
        self._headers = {"host": address.netloc}
        self._pipeline = pipeline
        self._idle: list[_Connection] = []
        self._requests: deque[bytes] = deque()
        self._rest = b""
        self._waiting: dict[str, None] = {}
        self._room = _MOST_AT_ONCE

    async def follow(self, phase: float) -> None:
        """Follow the pipeline. Requests are repeated at `phase` of their interval, from 0 to 1."""
        loop = asyncio.get_running_loop()
        for number in range(_CONNECTIONS):
            took = self._take if number == 0 else _ignore
            _, connection = await loop.create_connection(
                lambda took=took: _Connection(took, self._send_next),  # type: ignore[misc]
                self._host,
                self._port,
            )
            self._idle.append(connection)
        stream = self._idle.pop(0)
        accept = "text/event-stream"
        stream.send(self._request(f"/v1/live?pipeline={quote(self._pipeline, safe='')}", accept=accept, **_OF_SCRIPTS))
        loop.call_later(10 * phase, self._every, 10, "/readyz")
        loop.call_later(30 * phase, self._every, 30, "/v1/pipelines")
        while True:
            # As `untilTick` of console/src/screens/live/wall.ts does.
            left_s = _TICK_S - (time.time() - _TICK_AT_S) % _TICK_S
            await asyncio.sleep(left_s if left_s > _TICK_S / 2 else left_s + _TICK_S)
            self._tick(time.time())

    def _take(self, piece: bytes) -> None:
        """Take a piece of the stream, as `Wall.take` does."""
        *events, self._rest = (self._rest + piece).split(b"\n\n")
        for event in events:
            name, _, data = event.partition(b"\ndata: ")
            if name.endswith(b"event: batch"):
                for result in reversed(json.loads(data)["results"]):
                    self._waiting.pop(result["id"], None)
                    self._waiting[result["id"]] = None
                while len(self._waiting) > _MOST_WAITING:
                    del self._waiting[next(iter(self._waiting))]

    def _tick(self, now_s: float) -> None:
        """Request what the wall adds, as `Wall.tick` does."""
        self._room = min(self._room + _MOST_ADDED // 2, _MOST_AT_ONCE)
        is_of_whole_second = round((now_s - _TICK_AT_S) / _TICK_S) % 2 == 0
        if len(self._waiting) > self._room and not is_of_whole_second:
            return
        newest = list(reversed(self._waiting))[: self._room]
        self._waiting.clear()
        self._room -= len(newest)
        for image in newest:
            path = f"/v1/pipelines/{self._pipeline}/images/{image}/thumbnail?size=320"
            self._get(self._request(path, **_OF_PICTURES))

    def _every(self, seconds: float, path: str) -> None:
        self._get(self._request(path, accept="*/*", **_OF_SCRIPTS))
        asyncio.get_running_loop().call_later(seconds, self._every, seconds, path)

    def _request(self, path: str, **headers: str) -> bytes:
        lines = _HEADERS.format(**self._headers, **headers).splitlines()
        return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "\r\n"]).encode()

    def _get(self, request: bytes) -> None:
        self._requests.append(request)
        if self._idle:
            self._send_next(self._idle.pop())

    def _send_next(self, connection: _Connection) -> None:
        if self._requests:
            connection.send(self._requests.popleft())
        else:
            self._idle.append(connection)


def _ignore(_: bytes) -> None:
    pass


async def main(url: str, pipeline: str, number: int) -> None:
    """Follow a pipeline, as `namespace/name`, as so many consoles."""
    async with asyncio.TaskGroup() as consoles:
        for console in range(number):
            # They were opened at different times.
            consoles.create_task(_Console(url, pipeline).follow((console + 0.5) / number))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        runner.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
