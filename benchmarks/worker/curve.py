"""One worker process with more and more loops: measured as far as there are cores, simulated beyond."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measuring.report import Curve, Figure, Plot
from benchmarks.measuring.rounds import in_turn
from benchmarks.worker.processes import WorkerRate
from benchmarks.worker.setup import Measurement, Setup
from benchmarks.worker.stages import Images

LOOPS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class LoopsCurve:
    """Images per second of one process over loops.

    Attributes:
        interpreter_us: processor time per image of Python's threads in the simulation with one loop, where decoder,
            pre-processing and model use none. No two threads can spend it at the same time.
    """

    model: str
    measured: Curve
    simulated: Curve
    linear: Curve
    interpreter_us: float
    work_us: float

    def figures(self) -> list[Figure]:
        """The interpreter's share of an image, and the rate at which one process is full."""
        share = self.interpreter_us / (self.interpreter_us + self.work_us)
        return [
            Figure(what=f"{self.model}: interpreter, of an image", unit="us of CPU", values=[self.interpreter_us]),
            Figure(what=f"{self.model}: interpreter, of a loop's time", unit="", values=[share]),
            Figure(what=f"{self.model}: limit of one process", unit="images/s", values=[1e6 / self.interpreter_us]),
        ]


def loops_curve(
    setup: Setup, images: Images, model: str, parts_us: dict[str, float], loops: Sequence[int] = LOOPS
) -> LoopsCurve:
    """Measure the rates of one process."""
    measurements: dict[str, Measurement] = {}
    for number in loops:
        measurements[f"simulated {number}"] = setup.simulated(images, model, number, parts_us)
        if number <= setup.loops:
            measurements[f"measured {number}"] = setup.worker(images, model, loops=number)
    rates = {name: rates[0] for name, rates in in_turn(measurements, 1).items()}

    def curve(name: str) -> Curve:
        known = [number for number in loops if f"{name} {number}" in rates]
        return Curve(
            name=f"{model}, {name}",
            x=list(known),
            y=[rates[f"{name} {number}"].per_second for number in known],
        )

    simulated = curve("simulated")
    first = rates[f"simulated {loops[0]}"]
    assert isinstance(first, WorkerRate)
    linear = Curve(name=f"{model}, linear", x=list(loops), y=[number / loops[0] * simulated.y[0] for number in loops])
    work_us = sum(parts_us[step] for step in ("decode", "preprocess", "model"))
    return LoopsCurve(model, curve("measured"), simulated, linear, first.interpreter_cpu_us, work_us)


def plot(curves: Sequence[LoopsCurve]) -> Plot:
    """The plot of all curves."""
    return Plot(
        name="worker-loops",
        title="One worker process, 640x480 JPEG",
        x="loops",
        y="images/s",
        curves=[curve for found in curves for curve in (found.measured, found.simulated, found.linear)],
    )
