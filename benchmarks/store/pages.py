"""Every page of the query API, through the service and its HTTP."""

import http.client
import statistics
import time
from collections.abc import Iterator
from itertools import product
from urllib.parse import urlencode

from benchmarks.measuring.report import Figure, Limit
from benchmarks.store.log import (
    LABELS,
    NAME,
    NAMESPACE,
    RARE_LABEL,
    REASONS,
    STAGES,
    Results,
    at_ms,
    dead_letter_position,
    image_id,
)
from darkroom_ingestion.http.requests.cursors import write_cursor
from darkroom_ingestion.times import rfc3339

_PATH = f"/v1/pipelines/{NAMESPACE}/{NAME}"
_LIMIT, _LIMIT_OF_FILTERS = Limit(at_most=20), Limit(at_most=50)
_FILTERED = ("images", "counts")
"""The first words of the kinds of pages whose limit is that of filters."""
_NOT_THERE = "not-there"
_DEEP = (0.5, 0.9, 0.999)
"""How many of all results are newer than the page."""


def requests(log: Results, results: int, letters: int) -> Iterator[tuple[str, str]]:
    """The kind and the path of every page."""
    stages, labels = (None, *STAGES, _NOT_THERE), (None, LABELS[6], RARE_LABEL, _NOT_THERE)
    for stage, label, depth in product(stages, labels, (0.0, *_DEEP)):
        number = int(results * (1 - depth))
        after = write_cursor((at_ms(number), log.event_id(number))) if depth else None
        kind = "without a filter" if stage is None and label is None else "with filters"
        yield f"results {kind}, {_depth(depth)}", _query("results", stage=stage, label=label, after=after)
    for depth in (0.0, *_DEEP):
        number = int(results * (1 - depth))
        after = write_cursor((at_ms(number), log.event_id(number))) if depth else None
        yield "1,000 results", _query("results", after=after, limit=1000)
    for stage, reason, depth in product(stages, (None, *REASONS, _NOT_THERE), (0.0, *_DEEP)):
        number = int(letters * (1 - depth))
        after = write_cursor(dead_letter_position(number)) if depth else None
        yield f"dead letters, {_depth(depth)}", _query("dead-letters", stage=stage, reason=reason, after=after)
    for number in (0, results // 2, results - 1 if log.replay_from >= results else log.replay_from - 1):
        yield "an image", f"{_PATH}/images/{image_id(number)}"
    yield from _lists_of_images(results)
    yield from _counts(results)


def _lists_of_images(results: int) -> Iterator[tuple[str, str]]:
    """Every filter alone and with others, of which some select nothing."""
    filters: list[dict[str, str | float | int]] = [{}, {"limit": 250}, {"minScore": 0.95}, {"maxScore": 0.95}]
    filters += [{"label": label} for label in (LABELS[6], RARE_LABEL, _NOT_THERE)]
    filters += [{"label": LABELS[6], "minScore": score, "stage": stage} for score in (0.4, 0.99) for stage in STAGES]
    filters += [{"stage": stage} for stage in (*STAGES, _NOT_THERE)]
    filters += [{"reason": reason} for reason in (*REASONS, _NOT_THERE)]
    filters += [{"key": key, **more} for key in ("camera-7", _NOT_THERE) for more in ({}, {"label": RARE_LABEL})]
    for state in ("Received", "Analyzed", "PartlyFailed", "Failed"):
        filters += [{"state": state, **more} for more in ({}, {"label": LABELS[6]}, {"key": "camera-7"})]
    for chosen, depth in product(filters, (0.0, *_DEEP)):
        to = {"to": rfc3339(at_ms(int(results * (1 - depth))))} if depth else {}
        what = "with filters" if chosen.keys() - {"limit"} else "without a filter"
        yield f"images {what}, {_depth(depth)}", _query("images", **chosen, **to)


def _counts(results: int) -> Iterator[tuple[str, str]]:
    for label, stage, buckets in product((None, LABELS[6]), (None, STAGES[0]), (60, 240)):
        for start, end in ((0.0, 1.0), (0.123, 0.877), (0.5, 0.51), (0.9, 0.9005)):
            times = {"from": rfc3339(at_ms(int(results * start))), "to": rfc3339(at_ms(int(results * end)))}
            yield f"counts, {buckets} buckets", _query("counts", label=label, stage=stage, buckets=buckets, **times)
        yield "counts of all", _query("counts", label=label, stage=stage, buckets=buckets)


def measure_pages(name: str, port: int, paths: Iterator[tuple[str, str]], rounds: int) -> list[Figure]:
    """The milliseconds of every kind of page: the median of the slowest page of the kind, and the slowest request."""
    medians: dict[str, list[float]] = {}
    worst: dict[str, float] = {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for kind, path in paths:
        times = [_get(connection, path) for _ in range(rounds + 1)][1:]
        medians.setdefault(kind, []).append(statistics.median(times))
        worst[kind] = max(worst.get(kind, 0.0), *times)
        if max(times) > 20:  # noqa: PLR2004
            print(f"{name}: {path}: {', '.join(f'{ms:.1f}' for ms in times)} ms", flush=True)
    connection.close()
    return [
        figure
        for kind, of_kind in medians.items()
        for figure in (
            Figure(
                what=f"{name}: {kind}: p50 of the slowest page", unit="ms", values=[max(of_kind)], limit=_limit(kind)
            ),
            Figure(what=f"{name}: {kind}: slowest request", unit="ms", values=[worst[kind]], limit=_limit(kind)),
        )
    ]


def _limit(kind: str) -> Limit:
    return _LIMIT_OF_FILTERS if kind.startswith(_FILTERED) else _LIMIT


def _get(connection: http.client.HTTPConnection, path: str) -> float:
    """The milliseconds until the page was there."""
    started = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    if response.status != http.HTTPStatus.OK:
        raise SystemExit(f"{path}: {response.status} {body[:300]!r}")
    return (time.perf_counter() - started) * 1000


def _query(items: str, **filters: str | float | None) -> str:
    given = {name: value for name, value in filters.items() if value is not None}
    return f"{_PATH}/{items}?{urlencode(given)}" if given else f"{_PATH}/{items}"


def _depth(depth: float) -> str:
    return "deep pages" if depth else "first page"
