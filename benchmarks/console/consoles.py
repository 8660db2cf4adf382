"""How fast the service accepts images while five consoles are open, beside none."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path

from benchmarks.console.load import boxes, steady_load
from benchmarks.ingestion.client import Throughput, repeat
from benchmarks.ingestion.servers import Server, ingestion
from benchmarks.ingestion.target import Target, broker, jpeg, post, target
from benchmarks.measuring.report import Comparison, Limit
from benchmarks.measuring.rounds import in_turn
from tests.support.services.console_images import SCENES
from tests.support.services.ingestion import Pipeline

FIVE, NONE = "five consoles", "none"
_ROOT = Path(__file__).parents[2]
_RATE = 50
"""Answered images a second, with and without consoles: what they show."""
_LIMIT = Limit(at_least=0.95)
_SECONDS, _SMOKE_S = 6.0, 0.5
_BYTES, _CONNECTIONS = 50_000, 32


def measure_consoles(rounds: int, *, smoke: bool) -> list[Comparison]:
    """Measure a service with and without consoles in turn."""
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, broker() as address:
        at = target(address, max_bytes="100Ki")
        with ingestion(at, Path(folder), 1) as server, _answered(server, at):

            def five() -> Throughput:
                with _consoles(server, at, smoke=smoke):
                    return _load(server, at, _SMOKE_S if smoke else _SECONDS)

            def none() -> Throughput:
                return _load(server, at, _SMOKE_S if smoke else _SECONDS)

            if not smoke:
                # The broker's JVM compiles what is used, and the process for thumbnails starts, whose CPU time counts.
                five()
                none()
            found = in_turn({FIVE: five, NONE: none}, rounds)

    def row(how: str, unit: str, value: str, limit: Limit) -> Comparison:
        what = f"images of {_BYTES // 1000} KB while five consoles show {_RATE} a second, {how}"
        return Comparison.of(what, unit, attrgetter(value), found[FIVE], found[NONE], baseline=NONE, limit=limit)

    return [
        row("by the clock", "images/s", "per_second", _LIMIT),
        row("by CPU of the process that handles requests", "images/CPU s", "per_cpu_second", _LIMIT),
        row("by CPU of all processes", "images/CPU s", "per_cpu_second_of_all", Limit()),
    ]


@contextmanager
def _answered(server: Server, at: Target) -> Iterator[None]:
    """A steady number of images with results."""
    manifest = at.pipeline.model_dump(mode="json", by_alias=True, exclude_none=True)
    stages = [stage.spec.name for stage in at.plan.stages]
    pipeline = Pipeline(at.bootstrap_servers, manifest, at.pipeline.namespace, at.pipeline.name, stages)
    with steady_load(f"http://127.0.0.1:{server.port}", pipeline, SCENES, _RATE, boxes):
        yield


@contextmanager
def _consoles(server: Server, at: Target, *, smoke: bool) -> Iterator[None]:
    arguments = [f"http://127.0.0.1:{server.port}", f"{at.pipeline.namespace}/{at.pipeline.name}", "5"]
    # Consoles run on other machines: here, they must not take the service's CPU time. In the short form, other tests
    # run beside it, and would take theirs.
    nice = [] if smoke else ["nice", "-n", "19"]
    process = subprocess.Popen([*nice, sys.executable, "-m", "benchmarks.console.viewers", *arguments], cwd=_ROOT)
    try:
        server.until_clients(5)
        yield
        if process.poll() is not None:
            raise SystemExit("the consoles have ended")
    finally:
        process.kill()
        process.wait()
        server.until_clients(0)


def _load(server: Server, at: Target, seconds: float) -> Throughput:
    return repeat(server.port, post(f"{at.path}/images", jpeg(_BYTES)), _CONNECTIONS, seconds, server.cpu_time)
