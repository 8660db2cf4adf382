"""Images per second of the ingestion service, and of bare ASGI applications with and without a producer.

    python benchmarks/ingestion.py [--seconds 5] [--rounds 3] [--bytes 50000] [--connections 32]

Three servers take turns, so that other load affects all of them: an ASGI application that only reads the body, one
that also publishes it with the service's producer settings and waits for Kafka's acknowledgement, and the service.
The ratios are computed from the CPU time of the server processes, because wall-clock times depend on other processes,
including the client.
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
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvicorn
from confluent_kafka import KafkaException, Producer

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection, producer_settings
from darkroom.topology import topology
from darkroom_cli.local_kafka import LocalKafka

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.services.ingestion import JPEG, Pipeline, make_pipeline  # noqa: E402

_UVICORN = r"running on http://127.0.0.1:(\d+)"
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


class Producing:
    """An ASGI application that publishes each body and responds when Kafka has acknowledged it."""

    def __init__(self) -> None:
        connection = KafkaConnection(bootstrap_servers=os.environ["BOOTSTRAP_SERVERS"])
        settings = producer_settings(connection, "bare", max_message_bytes=1_000_000_000, linger_ms=2.0)
        # Kafka limits whole batches by the topic's max.message.bytes, as the service takes into account too.
        self._producer = Producer(settings | {"batch.size": min(int(os.environ["MAX_MESSAGE_BYTES"]), 1_000_000)})
        self._topic = os.environ["TOPIC"]
        threading.Thread(target=self._poll, daemon=True).start()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Handle one request."""
        body, more = b"", scope["type"] == "http"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()

        def delivered(error: Any, _message: Any) -> None:
            outcome = acknowledged.set_result if error is None else acknowledged.set_exception
            loop.call_soon_threadsafe(outcome, None if error is None else KafkaException(error))

        self._producer.produce(self._topic, body, os.urandom(16), on_delivery=delivered)
        await acknowledged
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    def _poll(self) -> None:
        while True:
            self._producer.poll(0.2)


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
    """Measure all servers in turns and print the results."""
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps({"entries": [pipeline.entry()]}))
    service = [sys.executable, "-m", "darkroom_ingestion", "--catalog", str(catalog)]
    service += ["--database", f"sqlite:///{folder}/store.db", "--port", "0", "--log-format", "json"]
    os.environ |= {"BOOTSTRAP_SERVERS": pipeline.bootstrap_servers, "TOPIC": pipeline.images_topic}
    images = topology(parse_pipeline(pipeline.manifest)).images
    os.environ["MAX_MESSAGE_BYTES"] = str(images.config["max.message.bytes"])
    request = request_to(PATH.format(pipeline.namespace), options.bytes)
    with (
        serving(asgi("ingestion:bare"), _UVICORN, folder / "bare.log") as bare_server,
        serving([*asgi("ingestion:Producing"), "--factory"], _UVICORN, folder / "producing.log") as producing_server,
        serving(service, r'"url": "http://127.0.0.1:(\d+)"', folder / "service.log") as ours,
    ):
        servers = {"bare ASGI": bare_server, "with a producer": producing_server, "ingestion": ours}
        for server in servers.values():
            measure(*server, request, options.connections, 2)
        rounds: list[dict[str, Round]] = []
        for number in range(options.rounds):
            rounds.append({})
            for name, server in servers.items():
                measured = measure(*server, request, options.connections, options.seconds)
                rounds[-1][name] = measured
                figures = f"{measured.per_second:8,.0f} images/s  {measured.per_cpu_second:8,.0f} per CPU second"
                print(f"round {number + 1}  {name:<16} {figures}", flush=True)
        memory = ours[0].memory_info().rss / 2**20
    for name in list(servers)[:-1]:
        of_cpu = [r["ingestion"].per_cpu_second / r[name].per_cpu_second for r in rounds]
        of_clock = [r["ingestion"].per_second / r[name].per_second for r in rounds]
        print(f"ingestion : {name} = {ratios(of_cpu)} by CPU time, {ratios(of_clock)} by time")
    print(f"memory {memory:.0f} MiB")


def asgi(application: str) -> list[str]:
    """The command that serves an application of this module."""
    command = [sys.executable, "-m", "uvicorn", "--app-dir", "benchmarks", application, "--port", "0"]
    return [*command, "--no-access-log", "--lifespan", "off"]


def ratios(values: list[float]) -> str:
    """The smallest, the median and the largest of `values`."""
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


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
