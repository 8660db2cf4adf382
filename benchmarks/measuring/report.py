"""The result of a benchmark: what it measured, beside the baselines of the same run."""

import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, computed_field
from rich.console import Console
from rich.table import Table

from benchmarks.measuring.machine import Machine

RESULTS = Path(__file__).parents[1] / "results"
PLOTS = Path(__file__).parents[2] / "docs" / "images" / "performance"

T = TypeVar("T")


class Spread(BaseModel):
    """The smallest, the median and the largest of the values of all rounds."""

    model_config = ConfigDict(frozen=True)

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        return cls(least=min(values), median=statistics.median(values), most=max(values))

    def __str__(self) -> str:
        return " / ".join(number(value) for value in (self.least, self.median, self.most))


class Limit(BaseModel):
    """What is to be reached. The median counts."""

    model_config = ConfigDict(frozen=True)

    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        texts = [(">=", self.at_least), ("<=", self.at_most)]
        return ", ".join(f"{sign} {value:g}" for sign, value in texts if value is not None)

    def is_reached(self, value: float) -> bool:
        """Whether `value` is within the limit."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def verdict(self, value: float) -> str:
        """Whether `value` is within the limit, as tables show it; empty if there is no limit."""
        return ("yes" if self.is_reached(value) else "NO") if str(self) else ""


class Figure(BaseModel):
    """A quantity without a baseline, such as memory. One value per round."""

    model_config = ConfigDict(frozen=True)

    what: str
    unit: str
    values: list[float] = Field(min_length=1)
    limit: Limit = Limit()

    @property
    def spread(self) -> Spread:
        """The spread of the values."""
        return Spread.of(self.values)


class Comparison(BaseModel):
    """A quantity and its baseline, both measured in every round.

    Attributes:
        what: what was measured, as in "28x28, AtLeastOnce, by CPU".
        baseline: what it is compared with.
        measured: the quantity in each round, in `unit`.
        compared: the baseline in each round, in `unit`.
        limit: what the ratio `measured / compared` is to reach.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    baseline: str
    unit: str
    measured: list[float] = Field(min_length=1)
    compared: list[float] = Field(min_length=1)
    limit: Limit = Limit()

    @classmethod
    def of(
        cls,
        what: str,
        unit: str,
        value: Callable[[T], float],
        measured: Sequence[T],
        compared: Sequence[T],
        *,
        baseline: str,
        limit: Limit = Limit(),  # noqa: B008 - frozen
    ) -> "Comparison":
        """The comparison of one `value` of the rounds of both."""
        ours, theirs = ([value(one) for one in rounds] for rounds in (measured, compared))
        return cls(what=what, unit=unit, measured=ours, compared=theirs, baseline=baseline, limit=limit)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ratio(self) -> Spread:
        """The ratio of each round's values."""
        return Spread.of([ours / theirs for ours, theirs in zip(self.measured, self.compared, strict=True)])


class Curve(BaseModel):
    """Points of a plot."""

    model_config = ConfigDict(frozen=True)

    name: str
    x: list[float]
    y: list[float]


class Plot(BaseModel):
    """One plot; `name` is the name of its file, without `.svg`."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    x: str
    y: str
    curves: list[Curve]
    logarithmic_x: bool = False


class Report(BaseModel):
    """The result of one run of a benchmark."""

    model_config = ConfigDict(frozen=True)

    benchmark: str
    machine: Machine
    ended: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    smoke: bool = False
    comparisons: list[Comparison] = []
    figures: list[Figure] = []
    plots: list[Plot] = []
    notes: list[str] = []

    @property
    def missed(self) -> list[str]:
        """The names of the quantities that do not reach their limits."""
        ratios = [(row.what, row.limit, row.ratio.median) for row in self.comparisons]
        values = [(row.what, row.limit, row.spread.median) for row in self.figures]
        return [what for what, limit, value in ratios + values if not limit.is_reached(value)]

    def write(self, folder: Path = RESULTS) -> Path:
        """Write the report as JSON. Returns the file."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.benchmark}.json"
        file.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return file

    def show(self, console: Console) -> None:
        """Print the tables."""
        machine = self.machine
        console.print(f"[bold]{self.benchmark}[/]: {machine.cores} cores, load {machine.load} before", highlight=False)
        if machine.stalls:
            console.print(f"Before the benchmark, {machine.stalls}", highlight=False)
        if self.comparisons:
            console.print(_comparisons(self.comparisons))
        if self.figures:
            console.print(_figures(self.figures))
        for note in self.notes:
            console.print(f"- {note}", highlight=False)


def _comparisons(comparisons: Sequence[Comparison]) -> Table:
    table = Table("what", "unit", "measured", "baseline", "is", "ratio: min / median / max", "to reach", "reached")
    for row in comparisons:
        table.add_row(
            row.what,
            row.unit,
            number(statistics.median(row.measured)),
            row.baseline,
            number(statistics.median(row.compared)),
            str(row.ratio),
            str(row.limit),
            row.limit.verdict(row.ratio.median),
        )
    return table


def _figures(figures: Sequence[Figure]) -> Table:
    table = Table("what", "unit", "min / median / max", "to reach", "reached")
    for row in figures:
        table.add_row(row.what, row.unit, str(row.spread), str(row.limit), row.limit.verdict(row.spread.median))
    return table


def number(value: float) -> str:
    """A number with three significant digits, and no fraction from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004
