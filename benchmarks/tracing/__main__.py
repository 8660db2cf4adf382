"""What spans of 1 % of the images cost a worker and the ingestion service: `python -m benchmarks.tracing`.

A worker that sends spans to a collector and one that does not are measured in turn, and so are ingestion services. CPU
time per image is compared, because the clock also depends on other programs. Two processes of the same program differ
by more than tracing costs for as long as they run, so every round starts new ones, and a second one without tracing
shows how far two equal ones differ. The code of spans is also measured alone, and added to the CPU time of an image
without it. What it costs Kafka to have a `traceparent` in every record is only in the former.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from benchmarks.ingestion.client import CpuTime, Throughput, repeat
from benchmarks.ingestion.servers import Server, ingestion
from benchmarks.ingestion.target import Target, broker, jpeg, post, target
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

TRACED, UNTRACED, AGAIN = "1 % traced", "not traced", "not traced either"
_ROOT = Path(__file__).parents[2]
_LIMIT = Limit(at_least=0.98)
_SIZE = "28x28"
"""The smallest images: tracing costs the same for all, so most of these."""
_WAITING, _SMOKE_WAITING = 250_000, 15_000
_BYTES, _CONNECTIONS = 50_000, 32
_PARTS = 4
"""How often each service is measured in a round, so that a slow moment of the machine affects all."""


def main() -> None:
    """Measure and report."""
    parser = parser_of(__doc__, rounds=15)
    parser.add_argument("--seconds", type=float, default=4, help="of every measurement (%(default)s)")
    parser.add_argument("--only", choices=["service", "worker"], help="one of them (both)")
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Measure the worker, then the ingestion service."""
    if options.smoke:
        options.seconds = 0.3
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, collector() as spans:
        alone = [_alone(spans) for _ in range(options.rounds)]
        comparisons = []
        if options.only != "worker":
            service, again = _services(options, Path(folder), spans)
            comparisons += [*_with_code_alone(service, [one["ingestion"] for one in alone]), again]
        if options.only != "service":
            worker, again = _workers(options, Path(folder), spans)
            comparisons += [*_with_code_alone(worker, [one["worker"] for one in alone]), again]
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


def _workers(options: argparse.Namespace, folder: Path, spans: Mapping[str, str]) -> tuple[Comparison, Comparison]:
    """The worker with tracing and the second one without, compared with one without."""
    with LocalKafka() as kafka:
        kafka.start()
        images = samples()
        topic = create(_SIZE, images, write_images(images, folder / _SIZE), kafka.bootstrap_servers)
        waiting = _SMOKE_WAITING if options.smoke else _WAITING
        topic.publish(waiting)
        seconds = Seconds(options.seconds, options.seconds, options.seconds)
        setup = Setup(folder, Cores.of_machine(), seconds, {_SIZE: waiting})
        workers = {
            UNTRACED: setup.worker(topic, "digits"),
            TRACED: setup.traced(topic, "digits", spans),
            AGAIN: setup.worker(topic, "digits"),
        }
        rates = in_turn(workers, options.rounds)
    what = f"worker, tiny model, {_SIZE}, {{}}, by CPU"
    return _by_cpu(what.format(TRACED), rates, TRACED, _LIMIT), _by_cpu(what.format(AGAIN), rates, AGAIN, Limit())


def _services(options: argparse.Namespace, folder: Path, spans: Mapping[str, str]) -> tuple[Comparison, Comparison]:
    """The service with tracing and the second one without, compared with one without."""
    environments: Mapping[str, Mapping[str, str]] = {UNTRACED: {}, TRACED: spans, AGAIN: {}}
    rates: dict[str, list[Throughput]] = {name: [] for name in environments}
    with broker() as address:
        targets = [target(address, max_bytes="100Ki", name=f"digits-{n}") for n in range(len(environments))]
        for turn in range(options.rounds):
            # A name has another pipeline in every round, and its service starts earlier or later.
            pipelines = {name: targets[(number + turn) % len(targets)] for number, name in enumerate(environments)}
            for name, throughput in _round(options, folder / str(turn), environments, pipelines).items():
                print(f"round {turn + 1} of {options.rounds}: {name}: {throughput}", flush=True)
                rates[name].append(throughput)
    what = f"ingestion service, {_BYTES // 1000} KB, {{}}, by CPU of the process that handles requests"
    return _by_cpu(what.format(TRACED), rates, TRACED, _LIMIT), _by_cpu(what.format(AGAIN), rates, AGAIN, Limit())


def _round(
    options: argparse.Namespace,
    folder: Path,
    environments: Mapping[str, Mapping[str, str]],
    targets: Mapping[str, Target],
) -> dict[str, Throughput]:
    """Start one service of each environment, and measure them in turn."""
    folder.mkdir()
    with ExitStack() as stack:
        loads = {}
        for name in sorted(targets, key=lambda name: targets[name].pipeline.name):
            at = targets[name]
            server = stack.enter_context(ingestion(at, folder / at.pipeline.name, 1, environment=environments[name]))
            loads[name] = partial(_load, server, post(f"{at.path}/images", jpeg(_BYTES)), options.seconds / _PARTS)
        for load in loads.values():
            load()
        return {name: _sum(parts) for name, parts in in_turn(loads, _PARTS).items()}


def _sum(parts: Sequence[Throughput]) -> Throughput:
    cpu = CpuTime(sum(part.cpu.requests for part in parts), sum(part.cpu.all for part in parts))
    return Throughput(sum(part.images for part in parts), sum(part.seconds for part in parts), cpu)


def _by_cpu(what: str, rates: Mapping[str, Sequence[Any]], measured: str, limit: Limit) -> Comparison:
    return Comparison.of(
        what,
        "images/CPU s",
        attrgetter("per_cpu_second"),
        rates[measured],
        rates[UNTRACED],
        baseline=UNTRACED,
        limit=limit,
    )


def _load(server: Server, request: bytes, seconds: float) -> Throughput:
    throughput = repeat(server.port, request, _CONNECTIONS, seconds, server.cpu_time)
    server.until_at_rest()
    return throughput


if __name__ == "__main__":
    main()
