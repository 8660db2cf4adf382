"""Fills a store in turn with the code of the filler and with the bare driver, while another process reads pages."""

import gc
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from multiprocessing.synchronize import Event

from confluent_kafka import Message
from sqlalchemy import Connection, text

from benchmarks.measuring.processes import cpu_s
from benchmarks.measuring.rounds import in_turn
from benchmarks.store.drivers import Driver, Postgresql, Sqlite, Written
from benchmarks.store.log import LABELS, PIPELINE, STAGES, Batches, Results, assign, dead_letters, failed_image, images
from darkroom_ingestion.filling.command import collect_rarely
from darkroom_ingestion.store.connecting import connect
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.queries import results_page
from darkroom_ingestion.store.writing.writes import write_batch

OURS, BARE = "the store", "the bare driver"
_READ_EVERY_S = 0.05
_JOIN_S = 30.0


@dataclass(frozen=True)
class Spent:
    """The time that it took to write results.

    Attributes:
        from_rows: the part of it from rows to committed rows; None if it is all.
    """

    results: int
    clock_s: float
    cpu_s: float
    from_rows: "Spent | None" = None

    @property
    def per_second(self) -> float:
        """Results per second by the clock."""
        return self.results / self.clock_s

    @property
    def per_cpu_second(self) -> float:
        """Results per second of CPU time, of the client and the database server."""
        return self.results / self.cpu_s

    def __add__(self, more: "Spent") -> "Spent":
        return Spent(self.results + more.results, self.clock_s + more.clock_s, self.cpu_s + more.cpu_s)

    def __str__(self) -> str:
        return f"{self.per_second:,.0f} results/s, {self.cpu_s / self.results * 1e6:.1f} µs of CPU"


class Stopwatch:
    """Measures the clock, and the CPU time of this process and of a server's process."""

    def __init__(self, server_pid: int | None) -> None:
        self._server_pid = server_pid
        self._clock, self._cpu = time.perf_counter(), self._cpu_s()

    def spent(self, results: int) -> Spent:
        """The time since the creation."""
        return Spent(results, time.perf_counter() - self._clock, self._cpu_s() - self._cpu)

    def _cpu_s(self) -> float:
        return time.process_time() + (0.0 if self._server_pid is None else cpu_s(self._server_pid))


def fill(database: Database, url: str, log: Results, total: int, rounds: int) -> dict[str, list[Spent]]:
    """Fill an empty store with `total` results. Both ways write to the same tables, so that both meet the same size."""
    assign(database)
    collect_rarely()
    each_turn = total // (2 * rounds)
    batches, driver = Batches(), Sqlite(url) if database.single_replica else Postgresql(url)
    start = 0

    def messages() -> list[Message]:
        nonlocal start
        start += each_turn
        made = log.messages(start - each_turn, each_turn)
        # A filler never holds so many: they are no part of its garbage collection.
        gc.freeze()
        return made

    try:
        with _read(url):
            return in_turn(
                {
                    OURS: lambda: _ours(database, batches, messages()),
                    BARE: lambda: _bare(driver, batches, messages()),
                },
                rounds,
            )
    finally:
        driver.close()


def add_failures_and_images(database: Database, letters: int, images_with_results: int) -> None:
    """Write dead letters, their images, and the images of results."""
    batches = Batches()
    numbers = chain(range(images_with_results), map(failed_image, range(letters)))
    for messages in (dead_letters(0, letters), images(numbers)):
        for batch in batches.of(messages):
            write_batch(database, batch)


def _ours(database: Database, batches: Batches, messages: list[Message]) -> Spent:
    """From consumed records to committed rows."""
    server = None if database.single_replica else database.write(_backend_pid)
    whole, writing = Stopwatch(server), Spent(0, 0.0, 0.0)
    for batch in batches.of(messages):
        watch = Stopwatch(server)
        write_batch(database, batch)
        writing += watch.spent(batch.records)
    return replace(whole.spent(len(messages)), from_rows=writing)


def _bare(driver: Driver, batches: Batches, messages: list[Message]) -> Spent:
    """From rows in memory to committed rows."""
    prepared = [Written.of(batch) for batch in batches.of(messages)]
    watch = Stopwatch(driver.cpu_pid())
    for written in prepared:
        driver.write(written)
    return watch.spent(len(messages))


def _backend_pid(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


@contextmanager
def _read(url: str) -> Iterator[None]:
    """Read pages in another process, 20 a second."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    process = context.Process(target=_read_until, args=(url, stop), daemon=True)
    process.start()
    try:
        yield
        if not process.is_alive():
            raise SystemExit("the process that reads pages has ended")
    finally:
        stop.set()
        process.join(_JOIN_S)


def _read_until(url: str, stop: Event) -> None:
    database = connect(url)
    number = 0
    while not stop.wait(_READ_EVERY_S):
        stage, label = (None, *STAGES)[number % 3], (None, *LABELS)[number % 11]
        database.read(
            partial(results_page, pipeline=PIPELINE, stage=stage, label=label, after=None, limit=100, max_bytes=2**23)
        )
        number += 1
    database.close()
