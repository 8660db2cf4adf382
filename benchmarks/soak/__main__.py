"""Memory of every process and the worker's lag over time, at 80 % of the highest rate of ingestion service and worker.

The highest rate is measured first, with so many images that caches are full. The first minute at 80 % is a warm-up; the
end is compared with the end of this minute.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ingestion.client import at_rate, repeat
from benchmarks.ingestion.target import broker, jpeg, post, target
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Curve, Figure, Limit, Plot, Report
from benchmarks.soak.processes import Running, running

_IMAGE_BYTES = 50_000
_CONNECTIONS = 16
_LOAD = 0.8
_LOOK_S = 0.5
_LAST = 3
"""The end is the median of this many samples, because the memory of a moment depends on what is in flight."""
_CAUGHT_UP_WITHIN_S = 300.0
_FULL_AFTER = 50_000
"""The ingestion service keeps 20,000 images in memory, and SQLite 32 MB of pages, as many as these results take."""
_FULL_WITHIN_S = 300.0


@dataclass
class Samples:
    """One sample per interval: memory in MB by process, and images that wait."""

    memory_mb: list[dict[str, float]] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    def take(self, services: Running) -> None:
        """Add a sample."""
        self.memory_mb.append(services.memory_mb())
        self.waiting.append(services.waiting())
        print(f"minute {len(self.waiting)}: {self.memory_mb[-1]}, {self.waiting[-1]} images wait", flush=True)


def main() -> None:
    """Measure and report."""
    parser = parser_of(__doc__, rounds=1)
    parser.add_argument("--minutes", type=int, default=30, help="after the warm-up (%(default)s)")
    parser.add_argument("--load", type=float, default=_LOAD, help="share of the highest rate (%(default)s)")
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Run the services for `options.minutes` after a warm-up of a minute."""
    minutes, minute_s, highest_s = (4, 2.0, 2.0) if options.smoke else (options.minutes, 60.0, 20.0)
    full_after = 1 if options.smoke else _FULL_AFTER
    samples = Samples()
    with broker() as servers, tempfile.TemporaryDirectory(prefix="darkroom-soak-") as folder:
        at = target(servers, max_bytes="1Mi")
        request = post(f"{at.path}/images", jpeg(_IMAGE_BYTES))
        with running(at, Path(folder), machine.cores) as services:
            _accept(services, request, 0)  # everything has started when its images are analysed
            highest = _highest_rate(services, request, highest_s, full_after)
            rate = options.load * highest
            print(f"{highest:,.0f} images/s at most, {rate:,.0f} images/s from now on", flush=True)
            with _every(minute_s, minutes + 1, lambda: samples.take(services)):
                at_rate(services.server.port, request, rate, _CONNECTIONS, minute_s * (minutes + 1) + minute_s / 2)
    return _report(samples, rate, machine, smoke=options.smoke)


def _highest_rate(services: Running, request: bytes, seconds: float, images: int) -> float:
    """The median of the highest rates in several times of `seconds`, until `images` have been accepted."""
    rates: list[float] = []
    accepted, deadline = 0, time.monotonic() + _FULL_WITHIN_S
    while accepted < images and (not rates or time.monotonic() < deadline):
        number, analysed_s = _accept(services, request, seconds)
        accepted += number
        rates.append(number / analysed_s)
    return statistics.median(rates)


def _accept(services: Running, request: bytes, seconds: float) -> tuple[int, float]:
    """Send images as fast as possible for `seconds`. Returns their number, and the time until all are analysed."""
    started = time.monotonic()
    accepted = repeat(services.server.port, request, _CONNECTIONS, seconds, services.server.cpu_time)
    analysed_s = accepted.seconds
    while services.waiting():
        if time.monotonic() - started > _CAUGHT_UP_WITHIN_S:
            raise SystemExit("the worker does not catch up: run it by hand to see why")
        time.sleep(_LOOK_S)
        analysed_s = time.monotonic() - started
    return accepted.images, analysed_s


class _every:  # noqa: N801 - a context manager
    """Within the block, call `look` in a thread, `count` times, every `seconds`."""

    def __init__(self, seconds: float, count: int, look: Callable[[], None]) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(seconds, count, look))

    def _run(self, seconds: float, count: int, look: Callable[[], None]) -> None:
        due = time.monotonic()
        for _ in range(count):
            due += seconds
            if self._ended.wait(due - time.monotonic()):
                return
            look()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def _report(samples: Samples, rate: float, machine: Machine, *, smoke: bool) -> Report:
    by_process = {name: [sample[name] for sample in samples.memory_mb] for name in samples.memory_mb[0]}
    seconds = [waiting / rate for waiting in samples.waiting]
    third = max(1, len(seconds) // 3)
    growth = statistics.median(seconds[-third:]) - statistics.median(seconds[:third])
    minutes = [float(number) for number in range(1, len(seconds) + 1)]
    return Report(
        benchmark="soak",
        machine=machine,
        smoke=smoke,
        comparisons=[
            Comparison(
                what=f"{name}, memory at the end",
                baseline="after a minute",
                unit="MB",
                measured=[statistics.median(values[-_LAST:])],
                compared=[values[0]],
                limit=Limit(at_most=1.03),
            )
            for name, values in by_process.items()
        ],
        figures=[
            Figure(what="images that wait, in seconds of the rate", unit="s", values=seconds),
            Figure(what="their growth, last third - first third", unit="s", values=[growth], limit=Limit(at_most=1)),
            Figure(what="rate", unit="images/s", values=[rate]),
        ],
        plots=[
            Plot(
                name="soak",
                title=f"Memory at {rate:,.0f} images/s",
                x="minute",
                y="MB",
                curves=[Curve(name=name, x=minutes, y=values) for name, values in by_process.items()],
            )
        ],
        notes=[f"{len(seconds) - 1} minutes after a warm-up of one minute, {_IMAGE_BYTES:,} bytes per image"],
    )


if __name__ == "__main__":
    main()
