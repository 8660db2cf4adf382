"""The service while its store is filled: the images that it accepts, and the filler from Kafka to the store."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import psutil
from confluent_kafka import Producer

from benchmarks.ingestion.client import Throughput, repeat
from benchmarks.ingestion.servers import Server
from benchmarks.ingestion.target import Target, jpeg, post
from benchmarks.measuring.processes import cpu_s
from benchmarks.measuring.report import Comparison, Figure, Limit
from benchmarks.measuring.rounds import in_turn
from benchmarks.store.log import Results, image_id
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.queries import read_positions

_IMAGE_BYTES = 50_000
_CONNECTIONS = 32
_NEW = 10_000_000
"""The number of the first result that is not in the store yet."""
_TIMEOUT_S = 120.0
_LOOK_S = 0.05
_FILLER = "darkroom_ingestion.filling"
IDLE, BUSY = "no results to read", "while results are read"


@dataclass
class Backlog:
    """Results in the topic of the pipeline's stage."""

    at: Target
    log: Results
    published: int = 0

    @property
    def topic(self) -> str:
        """The stage's results topic."""
        return self.at.plan.stages[0].results.name

    def publish(self, count: int) -> None:
        """Publish results that are new. They differ only in their images, so that this takes less time than to read."""
        producer = Producer(
            {"bootstrap.servers": self.at.bootstrap_servers, "linger.ms": 50, "queue.buffering.max.messages": 1_000_000}
        )
        like, headers = self.log.value_and_headers(_NEW)
        old = image_id(_NEW - self.log.replay_from).encode()
        for number in range(_NEW + self.published, _NEW + self.published + count):
            new = image_id(number).encode()
            changed = [(name, text.replace(old, new)) for name, text in headers]
            producer.produce(self.topic, like.replace(old, new), new, headers=changed)
        if producer.flush(_TIMEOUT_S):
            raise SystemExit("Kafka did not take the results")
        self.published += count

    def read(self, database: Database) -> int:
        """How many the filler has written to the store."""
        return sum(database.read(partial(read_positions, topic=self.topic)).values())


def ingest_rate(
    server: Server, database: Database, backlog: Backlog, seconds: float, each_round: int, rounds: int
) -> list[Comparison]:
    """Images accepted per second while the filler reads results, beside a filler that has only images to read."""
    request = post(f"{backlog.at.path}/images", jpeg(_IMAGE_BYTES))

    def load() -> Throughput:
        return repeat(server.port, request, _CONNECTIONS, seconds, server.cpu_time)

    def idle() -> Throughput:
        _wait(lambda: backlog.read(database) >= backlog.published)
        return load()

    def busy() -> Throughput:
        backlog.publish(each_round)
        found = load()
        if backlog.read(database) >= backlog.published:
            print("the filler has read all results before the end of the round", flush=True)
        return found

    load()
    measured = in_turn({IDLE: idle, BUSY: busy}, rounds)
    what = f"images of {_IMAGE_BYTES // 1000} KB {BUSY}"

    def row(which: str, unit: str, value: Callable[[Throughput], float]) -> Comparison:
        limit = Limit(at_least=0.9)
        return Comparison.of(
            f"{what}, {which}", unit, value, measured[BUSY], measured[IDLE], baseline=IDLE, limit=limit
        )

    return [
        row("by the clock", "images/s", lambda one: one.per_second),
        row("by CPU of the service without its filler", "images/CPU s", lambda one: one.per_cpu_second),
    ]


def filler(server: Server, database: Database, backlog: Backlog, count: int) -> list[Figure]:
    """The filler from Kafka to the store, while the service does nothing else."""
    _wait(lambda: backlog.read(database) >= backlog.published)
    (process,) = (child for child in server.process.children(recursive=True) if _is_filler(child))
    process.suspend()
    try:
        backlog.publish(count)
    finally:
        started, used_s = time.perf_counter(), cpu_s(process.pid)
        process.resume()
    _wait(lambda: backlog.read(database) >= backlog.published)
    took_s, used_s = time.perf_counter() - started, cpu_s(process.pid) - used_s
    return [
        Figure(what="SQLite: the filler from Kafka to the store", unit="results/s", values=[count / took_s]),
        Figure(what="SQLite: the filler's CPU", unit="µs/result", values=[used_s / count * 1e6]),
    ]


def _is_filler(process: psutil.Process) -> bool:
    return _FILLER in " ".join(process.cmdline())


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the filler does not read the results")
        time.sleep(_LOOK_S)
