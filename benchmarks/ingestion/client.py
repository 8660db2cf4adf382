"""HTTP clients that cost little: one repeats a request on all its connections, one sends at a given rate."""

import asyncio
import re
import selectors
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, cast

import uvicorn

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


class CpuTime(NamedTuple):
    """CPU seconds of the processes of a server that handle requests, and of all its processes."""

    requests: float
    all: float


@dataclass(frozen=True)
class Throughput:
    """Responses in a time, and the CPU time that they cost the server."""

    images: int
    seconds: float
    cpu: CpuTime

    @property
    def per_second(self) -> float:
        """Images per second by the clock."""
        return self.images / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Images per CPU second of the processes that handle requests."""
        return self.images / self.cpu.requests

    @property
    def per_cpu_second_of_all(self) -> float:
        """Images per CPU second of all processes."""
        return self.images / self.cpu.all

    def __str__(self) -> str:
        cpu = f"{self.per_cpu_second:,.0f} per CPU second, {self.per_cpu_second_of_all:,.0f} of all processes"
        return f"{self.per_second:,.0f} images/s, {cpu}"


def repeat(port: int, request: bytes, connections: int, seconds: float, cpu_time: Callable[[], CpuTime]) -> Throughput:
    """Repeat a request on every connection as soon as it has been answered.

    Counting starts when all connections have been used once, because some servers create a producer for each.

    Args:
        port: the server's port on this machine.
        request: the request.
        connections: their number, which is that of requests in flight.
        seconds: how long to count, at least until there are as many responses as connections and some CPU time.
        cpu_time: the server's CPU time until now.
    """
    # uvloop, because the client shares the machine with the server.
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        return runner.run(_repeat(port, request, connections, seconds, cpu_time))


async def _repeat(port: int, request: bytes, count: int, seconds: float, cpu_time: Callable[[], CpuTime]) -> Throughput:
    answers = 0
    unused: set[Connection] = set()

    def answered(connection: Connection, _body: bytes) -> None:
        nonlocal answers
        answers += 1
        unused.discard(connection)
        connection.send(request)

    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    connections = await connect(port, count, answered, failed)
    unused.update(connections)
    for connection in connections:
        connection.send(request)
    await until(lambda: not unused, failed)
    started, used, before = time.perf_counter(), cpu_time(), answers
    await asyncio.wait([failed], timeout=seconds)
    # CPU time is counted in hundredths of a second.
    await until(lambda: answers - before >= count and cpu_time().requests > used.requests, failed)
    now = cpu_time()
    cpu = CpuTime(now.requests - used.requests, now.all - used.all)
    throughput = Throughput(answers - before, time.perf_counter() - started, cpu)
    end(connections, failed)
    return throughput


def at_rate(port: int, request: bytes, per_second: float, connections: int, seconds: float) -> list[float]:
    """Send requests at equal intervals, whether or not those before have been answered.

    Returns:
        The seconds from the time at which each request was due to its response. They include the time that it waited
        for a free connection.
    """
    latencies: list[float] = []

    def answered(due: float, _body: bytes) -> None:
        latencies.append(asyncio.get_running_loop().time() - due)

    with asyncio.Runner(loop_factory=precise_loop) as runner:
        runner.run(send_at_rate(port, request, per_second, connections, seconds, answered))
    return latencies


def precise_loop() -> asyncio.AbstractEventLoop:
    """An event loop whose timers are not rounded to milliseconds, as those of epoll and uvloop are."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


async def send_at_rate(
    port: int,
    request: bytes,
    per_second: float,
    connections: int,
    seconds: float,
    answered: Callable[[float, bytes], None],
) -> None:
    """Send requests as `at_rate` does. `answered` gets the time at which a request was due and the response's body.

    Times are those of the running loop, which is to be a `precise_loop`.
    """
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    sent: dict[Connection, float] = {}
    late: deque[float] = deque()

    def next_of(connection: Connection, body: bytes) -> None:
        answered(sent.pop(connection), body)
        if late:
            send(connection, late.popleft())
        else:
            idle.append(connection)

    def send(connection: Connection, due: float) -> None:
        sent[connection] = due
        connection.send(request)

    opened = await connect(port, connections, next_of, failed)
    # The one that was idle longest comes first: a server closes connections that are idle for long.
    idle = deque(opened)
    started = loop.time()
    for number in range(max(1, int(per_second * seconds))):
        due = started + number / per_second
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        if failed.done():
            break
        if idle:
            send(idle.popleft(), due)
        else:
            late.append(due)
    await until(lambda: not sent and not late, failed)
    end(opened, failed)


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
