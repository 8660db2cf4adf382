"""Images per second of the ingestion service and of a bare ASGI application that only reads the body.

    python benchmarks/ingestion.py [--seconds 5] [--rounds 3] [--bytes 50000] [--connections 32]

Rounds of both alternate, so that other load affects both. The ratio is computed from the CPU time of the two server
processes, because wall-clock times depend on other processes, including the client.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvicorn

from darkroom_cli.local_kafka import LocalKafka

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.services.ingestion import JPEG, Pipeline, make_pipeline  # noqa: E402

PATH = "/v1/pipelines/{}/digits/images"


@dataclass(frozen=True)
class Round:
    """One round: the number of completed requests, the wall-clock time, and the server's CPU time."""

    requests: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Requests per second of wall-clock time."""
        return self.requests / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Requests per second of the server's CPU time."""
        return self.requests / self.cpu_seconds


async def bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the body and respond with 202: the minimum for any ASGI application."""
    more = scope["type"] == "http"
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


class Client(asyncio.Protocol):
    """Sends one request after the other on one connection."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.answered = 0
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = transport
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Send the next request once the response is complete."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < int(re.search(rb"content-length: (\d+)", head)[1]):  # type: ignore[index]
            return
        if not head.startswith(b"HTTP/1.1 202"):
            raise SystemExit(f"not accepted: {self._received!r}")
        self._received = b""
        self.answered += 1
        self._transport.write(self._request)  # type: ignore[attr-defined]

    def close(self) -> None:
        """End the connection."""
        self._transport.abort()  # type: ignore[attr-defined]


async def load(port: int, request: bytes, connections: int, seconds: float) -> tuple[int, float]:
    """Send requests. Returns the number of responses and the time in seconds."""
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(request), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    start, before = time.perf_counter(), sum(client.answered for client in clients)
    await asyncio.sleep(seconds)
    answered, took = sum(client.answered for client in clients) - before, time.perf_counter() - start
    for client in clients:
        client.close()
    return answered, took


def measure(process: psutil.Process, port: int, request: bytes, connections: int, seconds: float) -> Round:
    """Run one round against the server `process`."""
    start = sum(process.cpu_times()[:2])
    requests, took = uvloop_run(load(port, request, connections, seconds))
    return Round(requests, took, sum(process.cpu_times()[:2]) - start)


def uvloop_run(work: Any) -> Any:
    """Run `work` on uvloop, so that the client uses little CPU time."""
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        return runner.run(work)


@contextmanager
def serving(command: list[str], port_pattern: str, log: Path) -> Iterator[tuple[psutil.Process, int]]:
    """Start a server. Yields its process and its port, read from its log."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stderr=file, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        deadline = time.monotonic() + 120
        while not (found := re.search(port_pattern, log.read_text())):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(log.read_text())
            time.sleep(0.1)
        yield psutil.Process(process.pid), int(found[1])
    finally:
        process.terminate()
        process.wait(60)


def request_to(path: str, size: int) -> bytes:
    """A request with a body of `size` bytes that starts like a JPEG."""
    body = JPEG.ljust(size, b"\0")
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def run(options: argparse.Namespace, pipeline: Pipeline, folder: Path) -> None:
    """Measure both in turns and print the results."""
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps({"entries": [pipeline.entry()]}))
    store = f"sqlite:///{folder}/store.db"
    service = [
        sys.executable,
        "-m",
        "darkroom_ingestion",
        "--catalog",
        str(catalog),
        "--database",
        store,
        "--port",
        "0",
    ]
    plain = [sys.executable, "-m", "uvicorn", "--app-dir", "benchmarks", "ingestion:bare", "--port", "0"]
    plain += ["--no-access-log", "--lifespan", "off"]
    request = request_to(PATH.format(pipeline.namespace), options.bytes)
    with (
        serving([*service, "--log-format", "json"], r'"url": "http://127.0.0.1:(\d+)"', folder / "service.log") as ours,
        serving(plain, r"running on http://127.0.0.1:(\d+)", folder / "bare.log") as theirs,
    ):
        shape = (request, options.connections)
        measure(*ours, *shape, 2)
        rounds: list[tuple[Round, Round]] = []
        for number in range(options.rounds):
            pair = measure(*theirs, *shape, options.seconds), measure(*ours, *shape, options.seconds)
            rounds.append(pair)
            for name, measured in zip(("bare ASGI", "ingestion"), pair, strict=True):
                figures = f"{measured.per_second:8,.0f} images/s  {measured.per_cpu_second:8,.0f} per CPU second"
                print(f"round {number + 1}  {name}  {figures}", flush=True)
        memory = ours[0].memory_info().rss / 2**20
    of_cpu = statistics.median(ours.per_cpu_second / plain.per_cpu_second for plain, ours in rounds)
    of_clock = statistics.median(ours.per_second / plain.per_second for plain, ours in rounds)
    print(f"ingestion : bare ASGI = {of_cpu:.2f} by CPU time, {of_clock:.2f} by time; memory {memory:.0f} MiB")


def main() -> None:
    """Measure with a new broker, or the given one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bytes", type=int, default=50_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--bootstrap-servers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder:
        if options.bootstrap_servers:
            run(options, make_pipeline(options.bootstrap_servers, partitions=12), Path(folder))
            return
        with LocalKafka() as kafka:
            run(options, make_pipeline(kafka.bootstrap_servers, partitions=12), Path(folder))


if __name__ == "__main__":
    main()
