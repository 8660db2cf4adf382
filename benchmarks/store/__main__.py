"""The results store at 1,000,000 results: `python -m benchmarks.store`.

Results are written with the code of the filler, from consumed records to committed rows, and with the bare driver, from
rows in memory, in turn to the same tables, while another process reads pages; on SQLite and on PostgreSQL. Then the
service serves every page from this store, and accepts images while its filler reads more results from Kafka.
"""

import argparse
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from benchmarks.ingestion.servers import Server, ingestion
from benchmarks.ingestion.target import Target, broker, target
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Figure, Report
from benchmarks.store.filling import add_failures_and_images, fill
from benchmarks.store.log import Results
from benchmarks.store.pages import measure_pages, requests
from benchmarks.store.rates import curve, ratios
from benchmarks.store.service import Backlog, filler, ingest_rate
from darkroom_ingestion.store.connecting import FILLING_CACHE_KIB, connect
from darkroom_ingestion.store.opening import open_database
from tests.support.postgresql import make_database, running_postgresql

_INGEST_ROUNDS = 3
_REPLAYED = 0.1
"""The share of results that a replay of the first images has published."""


def main() -> None:
    """Measure with a new broker and new databases."""
    parser = parser_of(__doc__, rounds=20)
    parser.add_argument("--count", type=int, default=1_000_000, help="results in the store (%(default)s)")
    parser.add_argument("--seconds", type=float, default=4, help="of every measurement of images (%(default)s)")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database (both)")
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Measure one database after the other."""
    if options.smoke:
        options.count, options.seconds, options.only = 10_000, 0.3, "sqlite"
    found = Report(benchmark="store", machine=machine, smoke=options.smoke)
    log = Results(replay_from=int(options.count * (1 - _REPLAYED)))
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as name, broker() as address:
        at, folder = target(address, max_bytes="100Ki"), Path(name)
        if options.only != "sqlite":
            _postgresql(options, log, at, folder, found)
        if options.only != "postgresql":
            _sqlite(options, log, at, folder, found)
    return found


def _postgresql(options: argparse.Namespace, log: Results, at: Target, folder: Path, found: Report) -> None:
    with running_postgresql() as postgresql:
        if postgresql is None:
            found.notes.append("PostgreSQL: not measured: it is not installed")
            return
        url = make_database(postgresql)
        _fill("PostgreSQL", url, options, log, found)
        with ingestion(at, folder, 1, database=url) as server:
            _pages("PostgreSQL", server, options, log, found)


def _sqlite(options: argparse.Namespace, log: Results, at: Target, folder: Path, found: Report) -> None:
    file = folder / "full.db"
    url = f"sqlite:///{file}"
    _fill("SQLite", url, options, log, found)
    found.figures.append(Figure(what="SQLite: the file", unit="MiB", values=[file.stat().st_size / 2**20]))
    backlog = Backlog(at, log)
    with ingestion(at, folder, 1, database=url) as server, closing(connect(url)) as database:
        _pages("SQLite", server, options, log, found)
        rounds, each_round = (1, 3_000) if options.smoke else (_INGEST_ROUNDS, 80_000)
        found.comparisons.extend(ingest_rate(server, database, backlog, options.seconds, each_round, rounds))
        found.figures.extend(filler(server, database, backlog, each_round))


def _fill(name: str, url: str, options: argparse.Namespace, log: Results, found: Report) -> None:
    with closing(open_database(url)), closing(connect(url, FILLING_CACHE_KIB)) as database:
        spent = fill(database, url, log, options.count, options.rounds)
        add_failures_and_images(database, _letters(options), log.replay_from)
        if not database.single_replica:
            # PostgreSQL's autovacuum does it within a minute.
            database.write(lambda connection: connection.execute(text("ANALYZE")))
    # The rounds that have only results of the replay.
    replayed = -(-log.replay_from * options.rounds // options.count)
    first, again = (
        {way: rounds[part] for way, rounds in spent.items()} for part in (slice(replayed), slice(replayed, None))
    )
    found.comparisons.extend(ratios(f"{name}: {options.count:,} results while pages are read", first))
    if replayed < options.rounds:
        found.comparisons.extend(ratios(f"{name}: results of a replay while pages are read", again, of_replay=True))
    found.plots.append(curve(name, spent))


def _pages(name: str, server: Server, options: argparse.Namespace, log: Results, found: Report) -> None:
    repeats = 1 if options.smoke else 10
    found.figures.extend(measure_pages(name, server.port, requests(log, options.count, _letters(options)), repeats))


def _letters(options: argparse.Namespace) -> int:
    return int(options.count) // 10


if __name__ == "__main__":
    main()
