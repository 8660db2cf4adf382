"""The rows and the plots of the report."""

from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.measuring.report import Comparison, Curve, Figure, Limit, Plot
from benchmarks.scaling.bounds import changes_with_known_rates, fewest_pod_hours
from benchmarks.scaling.run import SAMPLE_S, Outcome
from benchmarks.scaling.traces import TRACES, Trace

_BASELINE: Final = "KEDA-like"
_LIMITED: Final = ("steady", "sine")
"""The traces for which the limits of age, changes and pod-hours are."""

Outcomes = Mapping[str, Sequence[Outcome]]
"""The outcomes of all seeds, by trace."""


def comparisons(ours: Outcomes, theirs: Outcomes) -> list[Comparison]:
    """Age, changes and pod-hours of each trace; where they are limited, with what is possible."""
    rows = []
    for name in ours:
        limited = name in _LIMITED

        def row(what: str, unit: str, limit: Limit, measured: Sequence[float], compared: Sequence[float]) -> Comparison:
            return Comparison(
                what=what, unit=unit, baseline=_BASELINE, limit=limit, measured=list(measured), compared=list(compared)
            )

        mine, others = ours[name], theirs[name]
        their_changes, their_hours = [max(1, o.changes) for o in others], [max(0.01, o.pod_hours) for o in others]
        tenth, third, hours = (Limit(at_most=most) if limited else Limit() for most in (0.1, 1 / 3, 1.2))
        rows += [
            row(f"{name}: p95 age", "s", tenth, [o.p95_age_s for o in mine], [o.p95_age_s for o in others]),
            row(f"{name}: changes", "", third, [o.changes for o in mine], their_changes),
            row(f"{name}: pod-hours", "h", hours, [o.pod_hours for o in mine], their_hours),
        ]
        if limited:
            trace = next(trace for trace in TRACES if trace.name == name)
            changes = float(changes_with_known_rates(trace))
            intended, busy = fewest_pod_hours(trace), fewest_pod_hours(trace, utilisation=1.0)
            rows += [
                row(f"{name}: changes with known rates", "", Limit(), [changes] * len(others), their_changes),
                row(f"{name}: fewest pod-hours at 0.75", "h", Limit(), [intended] * len(others), their_hours),
                row(f"{name}: fewest pod-hours, always busy", "h", Limit(), [busy] * len(others), their_hours),
            ]
    return rows


def figures(ours: Outcomes, theirs: Outcomes) -> list[Figure]:
    """Reversals within two minutes, in all traces of a seed."""

    def reversals(outcomes: Outcomes) -> list[float]:
        return [float(sum(outcome.reversals for outcome in seed)) for seed in zip(*outcomes.values(), strict=True)]

    return [
        Figure(
            what="reversals within two minutes, all traces",
            unit="",
            values=reversals(ours),
            limit=Limit(at_most=0),
        ),
        Figure(what=f"the same, {_BASELINE}", unit="", values=reversals(theirs)),
    ]


def plots(ours: Outcomes, theirs: Outcomes) -> list[Plot]:
    """The numbers of workers during some traces, with the number that would be busy all the time."""
    return [
        _plot(trace, ours[trace.name][0], theirs[trace.name][0])
        for trace in TRACES
        if trace.name in {"sine", "step"} and trace.name in ours
    ]


def _plot(trace: Trace, ours: Outcome, theirs: Outcome) -> Plot:
    minutes = [float(minute) for minute in range(len(ours.replicas))]
    busy = [min(trace.maximum, trace.rate(int(minute) * SAMPLE_S) / trace.worker_rate) for minute in minutes]
    return Plot(
        name=f"scaling-{trace.name}",
        title=f"Workers, {trace.name}",
        x="minutes",
        y="workers",
        curves=[
            Curve(name="input, in busy workers", x=minutes, y=busy),
            Curve(name="Darkroom", x=minutes, y=[float(number) for number in ours.replicas]),
            Curve(name=_BASELINE, x=minutes, y=[float(number) for number in theirs.replicas]),
        ],
    )
