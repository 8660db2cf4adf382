"""HTTP clients that cost little: one repeats a request on all its connections, one sends at a given rate."""

import asyncio
import selectors
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import uvicorn

from benchmarks.ingestion.connections import Connection, connect, end, until


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
