"""What spans of 1 % of the images cost a worker and the ingestion service: `python -m benchmarks.tracing`.

A worker that sends spans to a collector and one that does not are measured in turn, and so are two ingestion services.
CPU time per image is compared, because the clock also depends on other programs. One round differs from the next by
more than tracing costs, so there are many; and the code of spans is measured alone, and added to the CPU time of an
image without it. What it costs Kafka to have a `traceparent` in every record is only in the former.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from benchmarks.ingestion.client import Throughput, repeat
from benchmarks.ingestion.servers import Server, ingestion
from benchmarks.ingestion.target import broker, jpeg, post, target
from benchmarks.measuring.collector import collector
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Limit, Report
from benchmarks.measuring.rounds import in_turn
from benchmarks.worker.cores import Cores
from benchmarks.worker.images import samples, write_images
from benchmarks.worker.setup import Seconds, Setup
from benchmarks.worker.stages import create
from darkroom_cli.local_kafka import LocalKafka

TRACED, UNTRACED = "1 % traced", "not traced"
_ROOT = Path(__file__).parents[2]
_LIMIT = Limit(at_least=0.98)
_SIZE = "28x28"
"""The smallest images: tracing costs the same for all, so most of these."""
_WAITING, _SMOKE_WAITING = 250_000, 15_000
_BYTES, _CONNECTIONS = 50_000, 32


def main() -> None:
    """Measure and report."""
    parser = parser_of(__doc__, rounds=15)
    parser.add_argument("--seconds", type=float, default=4, help="of every measurement (%(default)s)")
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Measure the worker, then the ingestion service."""
    if options.smoke:
        options.seconds = 0.3
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, collector() as spans:
        alone = [_alone(spans) for _ in range(options.rounds)]
        comparisons = [
            *_with_code_alone(_service(options, Path(folder), spans), [one["ingestion"] for one in alone]),
            *_with_code_alone(_worker(options, Path(folder), spans), [one["worker"] for one in alone]),
        ]
    return Report(benchmark="tracing", machine=machine, smoke=options.smoke, comparisons=comparisons)


def _alone(spans: Mapping[str, str]) -> dict[str, float]:
    """Microseconds of CPU for an image, in the ingestion service and in a worker."""
    command = [sys.executable, "-m", "benchmarks.tracing.code"]
    output = subprocess.run(command, env={**os.environ, **spans}, stdout=subprocess.PIPE, check=True, cwd=_ROOT).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    print(f"code of spans: {found} us", flush=True)
    return found


def _with_code_alone(row: Comparison, alone_us: list[float]) -> Iterator[Comparison]:
    """A row, and one of the same images without tracing to which the code of spans is added."""
    yield row
    added = [1e6 / (1e6 / rate + us) for rate, us in zip(row.compared, alone_us, strict=True)]
    yield row.model_copy(update={"what": f"{row.what}: code of spans alone", "measured": added})


def _worker(options: argparse.Namespace, folder: Path, spans: Mapping[str, str]) -> Comparison:
    with LocalKafka() as kafka:
        kafka.start()
        images = samples()
        topic = create(_SIZE, images, write_images(images, folder / _SIZE), kafka.bootstrap_servers)
        waiting = _SMOKE_WAITING if options.smoke else _WAITING
        topic.publish(waiting)
        seconds = Seconds(options.seconds, options.seconds, options.seconds)
        setup = Setup(folder, Cores.of_machine(), seconds, {_SIZE: waiting})
        workers = {UNTRACED: setup.worker(topic, "digits"), TRACED: setup.traced(topic, "digits", spans)}
        rates = in_turn(workers, options.rounds)
    return _by_cpu(f"worker, tiny model, {_SIZE}, {TRACED}, by CPU", rates)


def _service(options: argparse.Namespace, folder: Path, spans: Mapping[str, str]) -> Comparison:
    with broker() as address:
        first, second = (target(address, max_bytes="100Ki", name=name) for name in ("untraced", "traced"))
        with (
            ingestion(first, folder / "untraced", 1) as untraced,
            ingestion(second, folder / "traced", 1, environment=spans) as traced,
        ):
            servers = {UNTRACED: (untraced, first), TRACED: (traced, second)}
            loads = {
                name: partial(_load, server, post(f"{at.path}/images", jpeg(_BYTES)), options.seconds)
                for name, (server, at) in servers.items()
            }
            for load in loads.values():
                load()
            rates = in_turn(loads, options.rounds)
    return _by_cpu(
        f"ingestion service, {_BYTES // 1000} KB, {TRACED}, by CPU of the process that handles requests", rates
    )


def _by_cpu(what: str, rates: Mapping[str, Sequence[Any]]) -> Comparison:
    return Comparison.of(
        what,
        "images/CPU s",
        attrgetter("per_cpu_second"),
        rates[TRACED],
        rates[UNTRACED],
        baseline=UNTRACED,
        limit=_LIMIT,
    )


def _load(server: Server, request: bytes, seconds: float) -> Throughput:
    throughput = repeat(server.port, request, _CONNECTIONS, seconds, server.cpu_time)
    server.until_at_rest()
    return throughput


if __name__ == "__main__":
    main()
