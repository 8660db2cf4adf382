"""A short trial at the start of a worker: whether another provider is faster for the model, with the same answers."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from darkroom.api.execution import Execution
from darkroom_vision.model.providers import Choice, Machine, openvino
from darkroom_vision.model.session import ModelError, OnnxModel, Value, open_session

Feeds = Mapping[str, npt.NDArray[Any]]

BUDGET_S: Final = 1.5
"""The trial's duration, unless a provider needs longer for `LEAST_RUNS` runs."""
LEAST_RUNS: Final = 3
MARGIN: Final = 1.15
"""By which factor the other provider must be faster: measurements of a few runs vary by some per cent."""
TOLERANCE: Final = 1e-3
"""By how much outputs may differ, relative to the largest value of the output or, if that is smaller, to 1."""


@dataclass(frozen=True)
class Measurement:
    """CPU time in seconds of each run, by provider, and how far the other provider's outputs differ."""

    current_s: Sequence[float]
    other_s: Sequence[float]
    difference: float

    @property
    def speedup(self) -> float:
        """How many times as fast the other provider is, by the medians."""
        return statistics.median(self.current_s) / max(statistics.median(self.other_s), 1e-9)


def decide(current: Choice, other: Choice, measured: Measurement) -> Choice:
    """The other provider if it is clearly faster and gives the same answers, else the current one. Says why."""
    figures = f"{measured.speedup:.2f} times as fast as {current.provider} in a trial of {len(measured.other_s)} runs"
    if not measured.difference <= TOLERANCE:
        return _stay(current, f"{other.provider} gives other answers: they differ by {measured.difference:.2g}")
    if measured.speedup < MARGIN:
        return _stay(current, f"{other.provider} is {figures}, which is less than {MARGIN}")
    return replace(other, reason=f"it is {figures}")


def with_faster_provider(
    model: OnnxModel, wanted: Execution, feeds: Feeds, threads: int, clock: Callable[[], float] = time.process_time
) -> OnnxModel:
    """The model on the contender of its provider if that wins a trial with `feeds`; else the model itself.

    The time that counts is CPU time: the loops of a worker keep its CPUs busy, and other processes cannot distort it.
    """
    current = model.execution
    if current.contender != "OpenVino":
        return model
    session, other = open_session(model.path, openvino(wanted, Machine.this(), "it is compared with the CPU"), threads)
    if other.provider == "Cpu":
        return replace(model, execution=_stay(current, other.reason))
    rival = replace(model, session=session, execution=other)
    try:
        decision = decide(current, other, _measured(model, rival, feeds, clock))
    except ModelError as error:
        return replace(model, execution=_stay(current, f"{other.provider} does not run the model: {error}"))
    return replace(model if decision.provider == current.provider else rival, execution=decision)


def difference(outputs: Sequence[Value], others: Sequence[Value]) -> float:
    """The largest difference between two sets of outputs, relative as in `TOLERANCE`; infinite if shapes differ."""
    return max((_difference(one, other) for one, other in zip(outputs, others, strict=True)), default=0.0)


def _stay(current: Choice, reason: str) -> Choice:
    return replace(current, reason=reason, contender=None)


@dataclass
class _Runs:
    model: OnnxModel
    feeds: Feeds
    clock: Callable[[], float]
    seconds: list[float] = field(default_factory=list)

    def run(self) -> list[Value]:
        began = self.clock()
        outputs = self.model.run(self.feeds)
        self.seconds.append(self.clock() - began)
        return outputs


def _measured(model: OnnxModel, rival: OnnxModel, feeds: Feeds, clock: Callable[[], float]) -> Measurement:
    """Alternate runs of both, so that a slow moment of the machine affects both. The first run of each is a warm-up."""
    current, other = _Runs(model, feeds, clock), _Runs(rival, feeds, clock)
    apart = difference(current.run(), other.run())
    until = time.perf_counter() + BUDGET_S
    while len(other.seconds) <= LEAST_RUNS or time.perf_counter() < until:
        current.run()
        other.run()
    return Measurement(current.seconds[1:], other.seconds[1:], apart)


def _difference(one: Value, other: Value) -> float:
    if not (isinstance(one, np.ndarray) and isinstance(other, np.ndarray)):
        return 0.0 if str(one) == str(other) else np.inf
    if one.shape != other.shape or one.dtype.kind not in "fiub":
        return 0.0 if np.array_equal(one, other) else np.inf
    if not one.size:
        return 0.0
    a, b = one.astype(np.float64), other.astype(np.float64)
    return float(np.max(np.abs(a - b)) / max(1.0, float(np.max(np.abs(a)))))
