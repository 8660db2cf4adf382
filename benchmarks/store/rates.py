"""The rates at which a store was filled, as rows of a report and as a plot."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from benchmarks.measuring.report import Comparison, Curve, Limit, Plot
from benchmarks.store.filling import BARE, OURS, Spent

_LIMIT, _LIMIT_OF_REPLAYS = Limit(at_least=0.7), Limit(at_least=0.35)
"""Results of a replay may take the store twice as long. The bare driver does not look for those that they replace."""


def ratios(what: str, spent: Mapping[str, Sequence[Spent]], *, of_replay: bool = False) -> list[Comparison]:
    """The store beside the bare driver: its part from rows to tables, and all from consumed records on."""
    ours, bare = spent[OURS], spent[BARE]
    rows = [one.from_rows for one in ours if one.from_rows]
    limit = _LIMIT_OF_REPLAYS if of_replay else _LIMIT

    def compared(which: str, unit: str, measured: Sequence[Spent], rate: Callable[[Spent], float]) -> Comparison:
        return Comparison.of(f"{what}, {which}", unit, rate, measured, bare, baseline=BARE, limit=limit)

    return [
        compared("from rows, by CPU", "results/CPU s", rows, lambda one: one.per_cpu_second),
        compared("from rows, by the clock", "results/s", rows, lambda one: one.per_second),
        compared("from records, by CPU", "results/CPU s", ours, lambda one: one.per_cpu_second),
        compared("from records, by the clock", "results/s", ours, lambda one: one.per_second),
    ]


def curve(name: str, spent: Mapping[str, Sequence[Spent]]) -> Plot:
    """The rates over the number of results that the store has."""
    stored = [float(count) for count in accumulate(2 * one.results for one in spent[OURS])]
    return Plot(
        name=f"store-{name.lower()}",
        title=f"{name}: results written per CPU second",
        x="results in the store",
        y="results per CPU second",
        curves=[Curve(name=way, x=stored, y=[one.per_cpu_second for one in rounds]) for way, rounds in spent.items()],
    )
