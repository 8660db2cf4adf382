"""Reads the counts of a pipeline: totals, and a histogram over time."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from darkroom_ingestion.store.counts.changes import LEVELS_S
from darkroom_ingestion.store.tables import counts

_KINDS = ("received", "analyzed", "failed")
_DAY_S = LEVELS_S[-1]
BUCKETS_S = (60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, _DAY_S)
"""The lengths of buckets, besides multiples of a day. Each is a multiple of a length that is counted."""

_Key = tuple[str, str, str, int]
"""Kind, stage, name, and the number of the bucket."""


@dataclass(frozen=True)
class Span:
    """A time in buckets of equal length.

    Attributes:
        start_s: its beginning, in seconds since 1970: a multiple of `bucket_s`.
        buckets: the number of buckets.
    """

    start_s: int
    bucket_s: int
    buckets: int

    @property
    def end_s(self) -> int:
        """Its end, exclusive."""
        return self.start_s + self.bucket_s * self.buckets

    @staticmethod
    def around(start_ms: int, end_ms: int, most: int) -> "Span":
        """The time from `start_ms` to `end_ms`, widened to whole buckets: `most` of them, or one more."""
        first_s, last_s = start_ms // 1_000, max(-(-end_ms // 1_000), start_ms // 1_000 + 1)
        least_s = -(-(last_s - first_s) // most)
        bucket_s = next((length for length in BUCKETS_S if length >= least_s), -(-least_s // _DAY_S) * _DAY_S)
        start_s = first_s // bucket_s * bucket_s
        return Span(start_s, bucket_s, -(-(last_s - start_s) // bucket_s))


@dataclass(frozen=True)
class Counted:
    """What a pipeline has in a `Span`.

    Attributes:
        by_bucket: counts of the kinds received, analyzed and failed.
        latencies: for each stage and bucket, how many latencies are in each of the buckets of latencies.
        totals: counts of the kinds bytes, label and reason, in bucket 0.
    """

    span: Span
    by_bucket: Mapping[_Key, int]
    latencies: Mapping[str, Mapping[int, Mapping[int, int]]]
    totals: Mapping[_Key, int]


def extent_ms(connection: Connection, pipeline: str) -> tuple[int, int] | None:
    """The first and the last time that something was received, analysed or failed, to the minute; None if nothing."""
    found = []
    for kind in _KINDS:
        of_kind = _of(pipeline, LEVELS_S[0], kind)
        query = select(func.min(counts.c.start_s), func.max(counts.c.start_s)).where(of_kind)
        first, last = connection.execute(query).one()
        if first is not None:
            found.append((first * 1_000, (last + LEVELS_S[0]) * 1_000))
    return (min(first for first, _ in found), max(last for _, last in found)) if found else None


def read_counts(connection: Connection, pipeline: str, span: Span, *, stage: str | None, label: str | None) -> Counted:
    """The counts of a pipeline.

    Args:
        connection: to the store.
        pipeline: its key.
        span: the time that is counted.
        stage: only its results and failures. Images are counted for all stages.
        label: only results with this label. Images, failures and latencies are not counted.
    """
    if label is not None:
        labelled = _by_bucket(connection, pipeline, span, "label", _stage(stage) & (counts.c.name == label))
        analyzed = {("analyzed", stage_of, "", at): count for (_, stage_of, _, at), count in labelled.items()}
        totals: Counter[_Key] = Counter()
        for (_, stage_of, _, _), count in labelled.items():
            totals["label", stage_of, label, 0] += count
        return Counted(span, analyzed, {}, totals)
    by_bucket: dict[_Key, int] = {}
    for kind in _KINDS:
        by_bucket |= _by_bucket(connection, pipeline, span, kind, _stage(stage))
    latencies: dict[str, dict[int, dict[int, int]]] = {}
    for (_, of_stage, name, number), count in _by_bucket(connection, pipeline, span, "latency", _stage(stage)).items():
        latencies.setdefault(of_stage, {}).setdefault(number, {})[int(name)] = count
    totals = Counter()
    for kind in ("bytes", "label", "reason"):
        for start_s, end_s, seconds in _parts(span.start_s, span.end_s):
            where = _of(pipeline, seconds, kind) & (counts.c.start_s >= start_s) & (counts.c.start_s < end_s)
            query = select(counts.c.stage, counts.c.name, func.sum(counts.c.count)).where(where, _stage(stage))
            for of_stage, name, count in connection.execute(query.group_by(counts.c.stage, counts.c.name)):
                totals[kind, of_stage, name, 0] += int(count)
    return Counted(span, by_bucket, latencies, totals)


def _by_bucket(
    connection: Connection, pipeline: str, span: Span, kind: str, chosen: ColumnElement[bool]
) -> dict[_Key, int]:
    seconds = max(length for length in LEVELS_S if span.bucket_s % length == 0)
    number = ((counts.c.start_s - span.start_s) // span.bucket_s).label("number")
    query: Select[Any] = (
        select(counts.c.stage, counts.c.name, number, func.sum(counts.c.count).label("total"))
        .where(_of(pipeline, seconds, kind), chosen)
        .where(counts.c.start_s >= span.start_s, counts.c.start_s < span.end_s)
        .group_by(counts.c.stage, counts.c.name, number)
    )
    rows = connection.execute(query).all()
    return {(kind, of_stage, name, int(at)): int(total) for of_stage, name, at, total in rows}


def _parts(start_s: int, end_s: int) -> Iterator[tuple[int, int, int]]:
    """The time from `start_s` to `end_s` in as few counted times as possible: parts, and the length of their times."""
    inner: tuple[int, int] | None = None
    for seconds in reversed(LEVELS_S):
        first, last = -(-start_s // seconds) * seconds, end_s // seconds * seconds
        if first >= last:
            continue
        if inner is None:
            yield first, last, seconds
        else:
            yield from ((a, b, seconds) for a, b in ((first, inner[0]), (inner[1], last)) if a < b)
        inner = (first, last)


def _of(pipeline: str, seconds: int, kind: str) -> ColumnElement[bool]:
    return (counts.c.pipeline == pipeline) & (counts.c.seconds == seconds) & (counts.c.kind == kind)


def _stage(stage: str | None) -> ColumnElement[bool]:
    return or_(counts.c.stage == stage, counts.c.stage == "") if stage is not None else counts.c.stage.is_not(None)
