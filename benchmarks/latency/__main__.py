"""Time from the upload of an image to the event with its result: `python -m benchmarks.latency`.

One process of the ingestion service, one worker with the sample model for digits, and one client of the live feed run
beside a broker. The time is compared with the parts measured alone, and with a bare pipeline at the same rate, in the
same rounds.
"""

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ingestion.rows import Latency
from benchmarks.ingestion.servers import ingestion
from benchmarks.ingestion.target import Target, broker, jpeg, target
from benchmarks.latency.feed import most_per_second, until_events
from benchmarks.latency.parts import Parts, Results, post_s
from benchmarks.latency.rows import bare_ratio, figures, plot, ratios
from benchmarks.latency.worker import BareWork, bare_pipeline, settings_of, worker
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Report
from benchmarks.measuring.rounds import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECTIONS = 64
_LOADS = (10, 50, 80)
_BARE_OWN = "bare, of its own maximum"
_WORK_IMAGES = 200


def main() -> None:
    """Measure with a new broker."""
    parser = parser_of(__doc__, rounds=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of every measurement (%(default)s)")
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Find the maximum, then measure the parts and the whole in turn."""
    seconds = 0.3 if options.smoke else options.seconds
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as path, broker() as address, ExitStack() as stack:
        folder = Path(path)
        at = target(address, max_bytes="100Ki")
        settings = settings_of(at)
        stack.enter_context(worker(settings, folder))
        port = stack.enter_context(ingestion(at, folder, 1)).port
        bare_at = target(address, max_bytes="100Ki", name="bare")
        bare_port = stack.enter_context(bare_pipeline(bare_at, folder)).port
        most_per_second(bare_port, bare_at, _CONNECTIONS, seconds)  # warms up, as the next does
        most_per_second(port, at, _CONNECTIONS, seconds)
        maximum, bare_maximum = list[float](), list[float]()
        for _ in range(1 if options.smoke else 3):
            bare_maximum.append(most_per_second(bare_port, bare_at, _CONNECTIONS, seconds))
            maximum.append(most_per_second(port, at, _CONNECTIONS, seconds))
        results, work = Results(at), BareWork(settings, jpeg())

        def parts() -> Parts:
            return Parts(
                post_s(port, at, seconds / 2) * 1000,
                work.median_s(_WORK_IMAGES) * 1000,
                results.feed_s(port, seconds / 2) * 1000,
            )

        def at_load(service: int, pipeline: Target, load: int, of: list[float]) -> Latency:
            rate = statistics.median(of) * load / 100
            return Latency.of(until_events(service, pipeline, rate, _CONNECTIONS, seconds))

        measurements: dict[str, Callable[[], Parts | Latency]] = {"parts": parts}
        for load in _LOADS:
            measurements[f"{load} %"] = partial(at_load, port, at, load, maximum)
            measurements[f"{load} %, bare"] = partial(at_load, bare_port, bare_at, load, maximum)
        measurements[_BARE_OWN] = partial(at_load, bare_port, bare_at, _LOADS[-1], bare_maximum)
        rounds = in_turn(measurements, options.rounds)
    alone = [value for value in rounds["parts"] if isinstance(value, Parts)]
    wholes, bares = (
        {load: [value for value in rounds[name.format(load)] if isinstance(value, Latency)] for load in _LOADS}
        for name in ("{} %", "{} %, bare")
    )
    own = [value for value in rounds[_BARE_OWN] if isinstance(value, Latency)]
    return Report(
        benchmark="latency",
        machine=machine,
        smoke=options.smoke,
        comparisons=[
            *(row for load, values in wholes.items() for row in ratios(load, values, alone, bares[load])),
            bare_ratio(_LOADS[-1], own, alone),
        ],
        figures=figures(maximum, bare_maximum, wholes, alone),
        plots=[plot(wholes, alone, bares)],
    )


if __name__ == "__main__":
    main()
