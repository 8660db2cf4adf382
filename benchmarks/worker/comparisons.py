"""What is compared with what, and what is to be reached."""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter

from benchmarks.measuring.report import Comparison, Limit
from benchmarks.worker.mlserver.environment import MLSERVER
from benchmarks.worker.rate import Rate

Rates = Mapping[str, Sequence[Rate]]
"""The rates of all rounds, by the name of the measurement."""

_UNIT, _CPU_UNIT = "images/s", "images per CPU second"
_PER_SECOND, _PER_CPU_SECOND = attrgetter("per_second"), attrgetter("per_cpu_second")


def with_usual_model(rates: Rates, case: str) -> Iterator[Comparison]:
    """A classifier of a usual size: both delivery modes with the bare threads, and with each other."""
    bare = rates[f"{case}: bare"]
    for delivery in ("AtLeastOnce", "ExactlyOnce"):
        seen = rates[f"{case}: {delivery}"]
        yield _by_cpu(f"{case}, {delivery}, by CPU", "threads without Kafka", seen, bare, 0.95)
        yield _by_clock(f"{case}, {delivery}, by the clock", "threads without Kafka", seen, bare, 0.85)
    exactly, least = rates[f"{case}: ExactlyOnce"], rates[f"{case}: AtLeastOnce"]
    what, limit = f"{case}, ExactlyOnce, by the clock", Limit(at_least=0.9, at_most=1.0)
    yield Comparison.of(what, _UNIT, _PER_SECOND, exactly, least, baseline="AtLeastOnce", limit=limit)
    yield _by_cpu(f"{case}, ExactlyOnce, by CPU", "AtLeastOnce", exactly, least)


def with_tiny_model(rates: Rates, case: str, at_least: float) -> Iterator[Comparison]:
    """A tiny model: everything around the model is visible.

    The bound by CPU is 1 / (t_work + t_relay): the stage's work, and consuming and producing alone, which no worker
    with this client avoids.
    """
    seen, bare, relay = (rates[f"{case}: {name}"] for name in ("AtLeastOnce", "bare", "consume and produce"))
    yield Comparison(
        what=f"{case}, AtLeastOnce, by CPU",
        baseline="threads without Kafka + consume and produce",
        unit=_CPU_UNIT,
        measured=[rate.per_cpu_second for rate in seen],
        compared=[1e6 / (work.cpu_us + least.cpu_us) for work, least in zip(bare, relay, strict=True)],
        limit=Limit(at_least=at_least),
    )
    yield _by_cpu(f"{case}, AtLeastOnce, by CPU", "threads without Kafka", seen, bare)
    yield _by_clock(f"{case}, AtLeastOnce, by the clock", "threads without Kafka", seen, bare)


def with_tracing(rates: Rates, case: str) -> Comparison:
    """A worker that sends spans of 1 % of the images with one that sends none."""
    traced, seen = rates[f"{case}: traced"], rates[f"{case}: AtLeastOnce"]
    return _by_cpu(f"{case}, AtLeastOnce, 1 % traced, by CPU", "not traced", traced, seen, 0.98)


def with_naive(rates: Rates, case: str) -> Comparison:
    """A worker with the naive consumer."""
    naive, seen = rates[f"{case}: naive"], rates[f"{case}: AtLeastOnce"]
    return _by_clock(f"{case}, AtLeastOnce, by the clock", "naive consumer", seen, naive, 3)


def with_mlserver(rates: Rates, case: str) -> Comparison:
    """A worker with MLServer."""
    mlserver, seen = rates[f"{case}: MLServer"], rates[f"{case}: AtLeastOnce"]
    return _by_clock(f"{case}, AtLeastOnce, by the clock", f"MLServer {MLSERVER}", seen, mlserver, 5)


def _by_clock(
    what: str, baseline: str, seen: Sequence[Rate], bare: Sequence[Rate], at_least: float | None = None
) -> Comparison:
    limit = Limit(at_least=at_least)
    return Comparison.of(what, _UNIT, _PER_SECOND, seen, bare, baseline=baseline, limit=limit)


def _by_cpu(
    what: str, baseline: str, seen: Sequence[Rate], bare: Sequence[Rate], at_least: float | None = None
) -> Comparison:
    limit = Limit(at_least=at_least)
    return Comparison.of(what, _CPU_UNIT, _PER_CPU_SECOND, seen, bare, baseline=baseline, limit=limit)
