"""How long everything takes to start: a worker, `darkroom up` and the demo, with warm caches."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.ingestion.target import broker, target
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Figure, Limit, Report
from benchmarks.measuring.rounds import in_turn
from benchmarks.start.starts import MODEL, Imports, Start, bare_up, bare_worker, demo, results, up, worker
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import stage_settings

_LIMIT = Limit(at_most=1.3)
_DEMO_LIMIT = Limit(at_most=4)
_WORKER = "worker, from its start to the first result"
_UP = "`darkroom up` until ready"
_DEMO = "demo, until the first analysis"
_BASELINES: dict[Imports, str] = {"LIBRARIES": "libraries", "MODULES": "imports"}


def main() -> None:
    """Measure and report."""
    run(parser_of(__doc__, rounds=5), measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Measure every start once a round, after one that fills the caches."""
    with broker() as servers, tempfile.TemporaryDirectory(prefix="darkroom-start-") as folder:
        at = target(servers, max_bytes="1Mi")
        connection = KafkaConnection(bootstrap_servers=servers)
        stage = at.plan.stages[0]
        settings = stage_settings(at.pipeline, stage, connection, loops=machine.cores, model_path=MODEL)
        file = Path(folder) / "settings.json"
        file.write_text(settings.model_dump_json(by_alias=True), encoding="utf-8")
        consumer = results(settings)
        if not options.smoke:
            worker(settings, file, consumer)
        workers = in_turn(
            {"worker": lambda: worker(settings, file, consumer)}
            | {imports: partial(bare_worker, imports) for imports in _BASELINES},
            options.rounds,
        )
        consumer.close()
    # `darkroom up` and the demo have tests of their own.
    others = (
        {}
        if options.smoke
        else in_turn(
            {"up": up} | {imports: partial(bare_up, imports) for imports in _BASELINES} | {"demo": demo}, options.rounds
        )
    )
    return Report(
        benchmark="start",
        machine=machine,
        smoke=options.smoke,
        comparisons=[
            row
            for imports, baseline in _BASELINES.items()
            for row in (
                *_compared(_WORKER, f"{baseline}, session", workers["worker"], workers[imports]),
                *(_compared(_UP, f"Kafka, {baseline}, sessions", others["up"], others[imports]) if others else ()),
            )
        ],
        figures=[Figure(what=_DEMO, unit="s", values=[start.seconds for start in others["demo"]], limit=_DEMO_LIMIT)]
        if others
        else [],
        notes=["PYTHONDONTWRITEBYTECODE is set: every start compiles its imports"] if sys.dont_write_bytecode else [],
    )


def _compared(what: str, baseline: str, starts: list[Start], bare: list[Start]) -> list[Comparison]:
    def row(which: str, value: Callable[[Start], float], limit: Limit) -> Comparison:
        return Comparison.of(f"{what}, {which}", "s", value, starts, bare, baseline=baseline, limit=limit)

    return [
        row("by the clock", lambda start: start.seconds, _LIMIT),
        row("by CPU", lambda start: start.cpu_s, Limit()),
    ]


if __name__ == "__main__":
    main()
