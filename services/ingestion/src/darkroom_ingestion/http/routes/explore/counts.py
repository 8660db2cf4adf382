"""GET …/counts: what a pipeline received, analysed and failed on, over time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from darkroom_ingestion.http.documents.counts import Counts
from darkroom_ingestion.http.problems import invalid
from darkroom_ingestion.http.routes.described import Served, ServicesOf, StageFilter, document, json_answer, problems
from darkroom_ingestion.http.routes.explore.filters import FromFilter, LabelFilter, ToFilter, time_of
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.counts.latencies import quantile
from darkroom_ingestion.store.counts.queries import Counted, Span, extent_ms, read_counts
from darkroom_ingestion.store.result_rows import stored_label
from darkroom_ingestion.times import now_ms, rfc3339

router = APIRouter(tags=["explore"])

_HOUR_MS = 3_600_000
_MOST_NAMES = 200
_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@router.get(
    "/v1/pipelines/{namespace}/{name}/counts",
    summary="Count images, results and failures over time",
    response_class=Response,
    responses={**document(Counts, "The counts."), **problems(404, 422, 503)},
)
async def get_counts(
    services: ServicesOf,
    served: Served,
    stage: StageFilter = None,
    label: LabelFilter = None,
    start: FromFilter = None,
    end: ToFilter = None,
    buckets: Annotated[int, Query(ge=1, le=240, description="Maximum number of buckets; there may be one more.")] = 60,
) -> Response:
    """The counts are exact: of the images, results and dead letters that the lists show, without scanning these.

    Without `from` and `to`, they are of all that the store has. With `label`, only results with it are counted.
    """
    start_ms, end_ms = time_of("from", start), time_of("to", end)
    if start_ms is not None and end_ms is not None and start_ms >= end_ms:
        raise invalid("from: must be before to")
    chosen = {
        "stage": None if stage is None else storable(stage),
        "label": None if label is None else stored_label(label),
    }

    def work(connection: Connection) -> Counted:
        first, last = extent_ms(connection, served.key) or (now_ms() - _HOUR_MS, now_ms())
        first = first if start_ms is None else start_ms
        last = last if end_ms is None else end_ms
        span = Span.around(min(first, last) if start_ms is None else first, max(first, last), buckets)
        return read_counts(connection, served.key, span, **chosen)

    found = await services.database.reading(work)
    stages = [name for name in served.stages if chosen["stage"] in {None, name}]
    return json_answer(_document(found, stages))


def _document(found: Counted, stages: Sequence[str]) -> dict[str, Any]:
    span, numbers = found.span, range(found.span.buckets)
    counts: Counter[tuple[str, int]] = Counter()
    for (kind, _, _, number), count in found.by_bucket.items():
        counts[kind, number] += count
    known = {stage for _, stage, _, _ in (*found.by_bucket, *found.totals) if stage}
    kinds = ("received", "analyzed", "failed")
    return {
        "from": rfc3339(span.start_s * 1_000),
        "to": rfc3339(span.end_s * 1_000),
        "bucketSeconds": span.bucket_s,
        "buckets": [{"at": _at(span, n)} | {kind: counts[kind, n] for kind in kinds} for n in numbers],
        "received": sum(counts["received", n] for n in numbers),
        "bytes": found.totals.get(("bytes", "", "", 0), 0),
        "analyzed": sum(counts["analyzed", n] for n in numbers),
        "failed": sum(counts["failed", n] for n in numbers),
        "stages": [_stage(found, stage) for stage in (*stages, *sorted(known - set(stages)))],
    }


def _stage(found: Counted, stage: str) -> dict[str, Any]:
    numbers = range(found.span.buckets)
    latencies = found.latencies.get(stage, {})
    everything: Counter[int] = Counter()
    for buckets in latencies.values():
        everything.update(buckets)
    analyzed, failed = (
        [found.by_bucket.get((kind, stage, "", number), 0) for number in numbers] for kind in ("analyzed", "failed")
    )
    return {
        "stage": stage,
        "analyzed": sum(analyzed),
        "failed": sum(failed),
        "latencyMs": _latency(everything, ("p50", "p95", "p99")),
        "labels": _most(found, "label", stage),
        "reasons": _most(found, "reason", stage),
        "buckets": [
            {
                "at": _at(found.span, number),
                "analyzed": analyzed[number],
                "failed": failed[number],
                "latencyMs": _latency(latencies.get(number, {}), ("p50", "p95")),
            }
            for number in numbers
        ],
    }


def _most(found: Counted, wanted: str, stage: str) -> list[dict[str, Any]]:
    """The most frequent labels or reasons."""
    named = Counter(
        {name: count for (kind, of, name, _), count in found.totals.items() if (kind, of) == (wanted, stage)}
    )
    return [{wanted: name, "count": count} for name, count in named.most_common(_MOST_NAMES)]


def _latency(buckets: Mapping[int, int], names: Sequence[str]) -> dict[str, float] | None:
    return {name: round(quantile(buckets, _SHARES[name]), 1) for name in names} if buckets else None


def _at(span: Span, number: int) -> str:
    return rfc3339((span.start_s + number * span.bucket_s) * 1_000)
