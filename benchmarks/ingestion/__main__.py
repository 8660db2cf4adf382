"""Images per second of the ingestion service: `python -m benchmarks.ingestion`.

The service is compared with a bare ASGI application that publishes the body with the same producer settings and waits
for Kafka's acknowledgement, with one that drops the body, and with Strimzi's Kafka Bridge. All run at the same time,
each with topics of its own, and are measured in turn, with images of 50 KB and 1 MB. CPU time is given for the
processes that handle requests, and for all processes of a server: the service has one that fills the results store. By
the clock, the broker and the client use the same cores as the servers.
"""

import argparse
import statistics
import tempfile
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ingestion.bridge import NotInstalled, bridge, jars, request_to_bridge
from benchmarks.ingestion.client import Throughput, at_rate, repeat
from benchmarks.ingestion.rows import (
    BRIDGE,
    DROPPING,
    PRODUCING,
    SERVICE,
    TRACED,
    Latency,
    costs,
    memory,
    name_of,
    ratios,
    tail,
)
from benchmarks.ingestion.servers import Server, bare, ingestion
from benchmarks.ingestion.target import Target, broker, jpeg, post, target
from benchmarks.measuring.collector import collector
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Figure, Report
from benchmarks.measuring.rounds import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable

_BARE = "benchmarks.ingestion.bare"
_SIZES = {"50 KB": 50_000, "1 MB": 1_000_000}
_CONNECTIONS = 32
_JVM_WARM_UP = 4
"""How much longer than a measurement a JVM is warmed up."""


def main() -> None:
    """Measure with a new broker."""
    parser = parser_of(__doc__, rounds=4)
    parser.add_argument("--seconds", type=float, default=2.5, help="of every measurement (%(default)s)")
    bridge_help = "the folder `libs` of a release of the Kafka Bridge (default: download it from Maven Central)"
    parser.add_argument("--kafka-bridge", type=Path, metavar="FOLDER", help=bridge_help)
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Start all servers and measure them in turn."""
    if options.smoke:
        options.seconds = 0.3
    comparisons: list[Comparison] = []
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, broker() as address, ExitStack() as stack:
        servers, targets, notes = _started(options, address, Path(folder), stack)
        for size, length in list(_SIZES.items())[: 1 if options.smoke else None]:
            requests = {name: _request(name, targets[name], jpeg(length)) for name in servers}
            loads = {name: partial(_throughput, servers[name], requests[name]) for name in servers}
            for name, load in loads.items():
                load(options.seconds * (_JVM_WARM_UP if name.startswith(BRIDGE) else 1))
            rounds = in_turn({name: partial(load, options.seconds) for name, load in loads.items()}, options.rounds)
            comparisons += ratios(size, rounds)
            figures += costs(size, rounds)
            halves = {}
            for name in (name_of(SERVICE, 1), name_of(PRODUCING, 1)):
                rate = statistics.median(value.per_second for value in rounds[name]) / 2
                halves[name] = partial(_latency, servers[name], requests[name], rate, options.seconds)
            comparisons += [tail(size, name, values) for name, values in in_turn(halves, options.rounds).items()]
        for name, server in servers.items():
            figures += memory(name, server.memory_mb())
    return Report(
        benchmark="ingestion",
        machine=machine,
        smoke=options.smoke,
        comparisons=comparisons,
        figures=figures,
        notes=notes,
    )


def _started(
    options: argparse.Namespace, address: str, folder: Path, stack: ExitStack
) -> tuple[dict[str, Server], dict[str, Target], list[str]]:
    """Start the servers, each with a pipeline of its own. Returns both, and notes on servers that are missing."""
    spans = stack.enter_context(collector())
    starts: dict[str, Callable[[Target], AbstractContextManager[Server]]] = {
        name_of(SERVICE, 1): lambda at: ingestion(at, folder / "one", 1),
        name_of(TRACED, 1): lambda at: ingestion(at, folder / "traced", 1, environment=spans),
        name_of(PRODUCING, 1): lambda at: bare(f"{_BARE}:Producing", at.environment, folder, 1),
    }
    notes = []
    if options.smoke:
        notes.append("not measured in the short form: 2 processes, 1 MB, and the other baselines")
    else:
        starts[name_of(DROPPING, 1)] = lambda at: bare(f"{_BARE}:drop", at.environment, folder, 1)
        starts[name_of(SERVICE, 2)] = lambda at: ingestion(at, folder / "two", 2)
        starts[name_of(PRODUCING, 2)] = lambda at: bare(f"{_BARE}:Producing", at.environment, folder, 2)
        try:
            found = jars(options.kafka_bridge)
            starts[name_of(BRIDGE, 1)] = lambda at: bridge(found, at, folder)
            source = "the folder of --kafka-bridge" if options.kafka_bridge else "Maven Central"
            notes.append(f"{BRIDGE}: {next(jar.name for jar in found if 'kafka-bridge' in jar.name)} from {source}")
        except NotInstalled as error:
            notes.append(f"{BRIDGE}: not measured: {error}")
    targets = {name: target(address, max_bytes="2Mi", name=f"digits-{n}") for n, name in enumerate(starts)}
    return {name: stack.enter_context(start(targets[name])) for name, start in starts.items()}, targets, notes


def _request(name: str, at: Target, body: bytes) -> bytes:
    if name.startswith(BRIDGE):
        return request_to_bridge(at, body)
    return post(f"{at.path}/images", body)


def _throughput(server: Server, request: bytes, seconds: float) -> Throughput:
    """Measure a server, and wait until it no longer disturbs the next one."""
    throughput = repeat(server.port, request, _CONNECTIONS, seconds, server.cpu_time)
    server.until_at_rest()
    return throughput


def _latency(server: Server, request: bytes, per_second: float, seconds: float) -> Latency:
    return Latency.of(at_rate(server.port, request, per_second, _CONNECTIONS, seconds))


if __name__ == "__main__":
    main()
