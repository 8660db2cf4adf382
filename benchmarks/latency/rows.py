"""The rows and the plot of the report."""

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.ingestion.rows import Latency
from benchmarks.latency.parts import Parts
from benchmarks.measuring.report import Comparison, Curve, Figure, Limit, Plot

ALLOWANCE_MS = 5.0
"""For the two waits in Kafka and the batch of results, which no part includes."""
PARTS = f"parts alone + {ALLOWANCE_MS:g} ms"
BARE = "bare pipeline at the same rate"


def ratios(load: int, wholes: Sequence[Latency], alone: Sequence[Parts], bares: Sequence[Latency]) -> list[Comparison]:
    """The median time at a load, in percent of the maximum, and what it is compared with."""
    what, measured = f"upload to event, p50 at {load} % of the maximum", [whole.p50_ms for whole in wholes]
    allowed = _allowed_ms(alone)
    return [
        Comparison(what=what, baseline=PARTS, unit="ms", measured=measured, compared=allowed, limit=Limit(at_most=1)),
        Comparison(what=what, baseline=BARE, unit="ms", measured=measured, compared=[bare.p50_ms for bare in bares]),
    ]


def bare_ratio(load: int, wholes: Sequence[Latency], alone: Sequence[Parts]) -> Comparison:
    """The median time of the bare pipeline at a load, in percent of its own maximum."""
    return Comparison(
        what=f"bare pipeline, p50 at {load} % of its own maximum",
        baseline=PARTS,
        unit="ms",
        measured=[whole.p50_ms for whole in wholes],
        compared=_allowed_ms(alone),
    )


def _allowed_ms(alone: Sequence[Parts]) -> list[float]:
    return [parts.sum_ms + ALLOWANCE_MS for parts in alone]


def figures(
    maximum: Sequence[float],
    bare_maximum: Sequence[float],
    wholes: Mapping[int, Sequence[Latency]],
    alone: Sequence[Parts],
) -> list[Figure]:
    """The maximums, the parts and the 99th percentiles."""
    return [
        Figure(what="maximum, from upload to event", unit="images/s", values=list(maximum)),
        Figure(what="maximum of the bare pipeline", unit="images/s", values=list(bare_maximum)),
        Figure(what="part: POST until Kafka's acknowledgement", unit="ms", values=[parts.post_ms for parts in alone]),
        Figure(what="part: work on one image", unit="ms", values=[parts.work_ms for parts in alone]),
        Figure(what="part: result to event", unit="ms", values=[parts.feed_ms for parts in alone]),
        *(
            Figure(what=f"p99 at {load} % of the maximum", unit="ms", values=[value.p99_ms for value in values])
            for load, values in wholes.items()
        ),
    ]


def plot(
    wholes: Mapping[int, Sequence[Latency]], alone: Sequence[Parts], bares: Mapping[int, Sequence[Latency]]
) -> Plot:
    """The percentiles by load, the limit of the median, and the median of the bare pipeline."""
    loads = [float(load) for load in wholes]
    limit = statistics.median(parts.sum_ms for parts in alone) + ALLOWANCE_MS
    return Plot(
        name="latency",
        title="From the upload of an image to its result",
        x="load, % of the maximum",
        y="ms",
        curves=[
            Curve(name="p50", x=loads, y=[statistics.median(v.p50_ms for v in values) for values in wholes.values()]),
            Curve(name="p99", x=loads, y=[statistics.median(v.p99_ms for v in values) for values in wholes.values()]),
            Curve(name=PARTS, x=loads, y=[limit] * len(loads)),
            Curve(name=BARE, x=loads, y=[statistics.median(v.p50_ms for v in values) for values in bares.values()]),
        ],
    )
