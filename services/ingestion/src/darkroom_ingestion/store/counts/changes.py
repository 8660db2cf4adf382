"""Changes of the counts by the rows that a transaction adds and removes.

The counts are those of the rows that the store has and its lists show:

- `received` and `bytes`: images, by the time at which they were received. An image that is in the log twice counts
  once.
- `analyzed`, `label` and `latency`: the newest result of each image and stage, by the time of its record. A result that
  was published twice counts once, and a result that a replay has replaced does not count.
- `failed` and `reason`: dead letters, by the time of their records.
- `repeated`: all results with another id than the one live result of their image and stage has, replaced or not. Only
  with such results can an image have several of a stage.

Rows that retention or the removal of a topic removes no longer count.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from darkroom_ingestion.records.image_times import time_of_id
from darkroom_ingestion.store.counts.latencies import bucket_of
from darkroom_ingestion.store.result_rows import LabelRow, Result
from darkroom_ingestion.store.tables import counts
from darkroom_ingestion.store.writing.inserts import insert_values, unnested

LEVELS_S = (60, 600, 3_600, 86_400)
"""The lengths of the times that are counted. Each is a multiple of the one before, and the last divides a UTC day."""

_TIMES = (*(longer // shorter for shorter, longer in pairwise(LEVELS_S)), None)
"""How many of each length are in the next one."""
_MINUTE_MS = LEVELS_S[0] * 1_000
_KEY = tuple(column.name for column in counts.primary_key)
_ADD = (
    f"ON CONFLICT ({', '.join(_KEY)}) "  # names of our own columns
    'DO UPDATE SET "count" = "counts"."count" + excluded."count"'
)

Row = Mapping[Any, Any]
_Key = tuple[str, str, str, str, int]
"""Pipeline, kind, stage, name, and the number of the minute or longer time."""

_Answer = tuple[str, str, str | None, int]
"""Of newest results: pipeline, stage, the bucket of the latency, and the number of the minute."""

_Row = tuple[str, int, str, int, str, str, int]
"""The values of a row, in the order of the columns."""


class Changes:
    """What a transaction adds to the counts, by minute. `sign` is -1 for rows that it removes."""

    def __init__(self) -> None:
        self._minutes: Counter[_Key] = Counter()
        self._answers: Counter[_Answer] = Counter()

    def images(self, rows: Iterable[Row], sign: int = 1) -> None:
        """Count images."""
        minutes = self._minutes
        for row in rows:
            pipeline, minute = row["pipeline"], row["received_at_ms"] // _MINUTE_MS
            minutes[pipeline, "received", "", "", minute] += sign
            minutes[pipeline, "bytes", "", "", minute] += sign * row["bytes"]

    def results(self, rows: Iterable[Result], sign: int = 1) -> None:
        """Count results that are the newest of their image and stage. Replays have no latency."""
        keys = [
            (
                row.pipeline,
                row.stage,
                None if is_repeated(row) else _bucket(row.image_id, row.at_ms),
                row.at_ms // _MINUTE_MS,
            )
            for row in rows
        ]
        for key, count in Counter(keys).items():
            self._answers[key] += sign * count

    def labels(self, rows: Iterable[LabelRow], sign: int = 1) -> None:
        """Count labels of such results."""
        keys = [(row.pipeline, "label", row.stage, row.label, row.at_ms // _MINUTE_MS) for row in rows]
        for key, count in Counter(keys).items():
            self._minutes[key] += sign * count

    def repeated(self, rows: Iterable[Result], sign: int = 1) -> None:
        """Count those of `rows`, which are results, that have other ids than live results."""
        for row in filter(is_repeated, rows):
            self._minutes[row.pipeline, "repeated", row.stage, "", row.at_ms // _MINUTE_MS] += sign

    def failures(self, rows: Iterable[Row], sign: int = 1) -> None:
        """Count dead letters."""
        minutes = self._minutes
        for row in rows:
            pipeline, stage, minute = row["pipeline"], row["stage"], row["at_ms"] // _MINUTE_MS
            minutes[pipeline, "failed", stage, "", minute] += sign
            minutes[pipeline, "reason", stage, row["reason"], minute] += sign

    def add(self, more: "Changes") -> None:
        """Add the changes in `more`."""
        self._minutes.update(more._minutes)  # noqa: SLF001 - of its own class
        self._answers.update(more._answers)  # noqa: SLF001

    def write(self, connection: Connection) -> None:
        """Change the counts. Call it in the transaction that changes the rows, after the last change."""
        # In one order, so that two replicas can't wait for each other.
        rows = sorted(self.rows())
        self._minutes.clear()
        self._answers.clear()
        if rows:
            insert_values(connection, counts, (*_KEY, "count"), rows, _ADD)
        if removed := [row[:-1] for row in rows if row[-1] < 0]:
            _delete_zeros(connection, removed)

    def rows(self) -> Iterator[_Row]:
        """The rows of all levels."""
        of_level = self._minutes.copy()
        for (pipeline, stage, bucket, minute), count in self._answers.items():
            of_level[pipeline, "analyzed", stage, "", minute] += count
            if bucket is not None:
                of_level[pipeline, "latency", stage, bucket, minute] += count
        for seconds, times in zip(LEVELS_S, _TIMES, strict=True):
            coarser: Counter[_Key] = Counter()
            for (pipeline, kind, stage, name, number), count in of_level.items():
                if count:
                    yield pipeline, seconds, kind, number * seconds, stage, name, count
                    if times:
                        coarser[pipeline, kind, stage, name, number // times] += count
            of_level = coarser


def _delete_zeros(connection: Connection, keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete those of these counts that are 0."""
    if connection.dialect.name == "sqlite":
        same = " AND ".join(f"{name} = ?" for name in _KEY)
        connection.exec_driver_sql(f'DELETE FROM counts WHERE {same} AND "count" = 0', keys)  # noqa: S608 - our names
        return
    # One statement: for each key, it would be a round trip.
    rows, columns = unnested(counts, _KEY, keys)
    same = " AND ".join(f"counts.{name} = removed.{name}" for name in _KEY)
    named = f"{rows} AS removed({', '.join(_KEY)})"
    connection.exec_driver_sql(f'DELETE FROM counts USING {named} WHERE {same} AND "count" = 0', columns)  # noqa: S608


def _bucket(image_id: str, at_ms: int) -> str | None:
    """The bucket of a result's latency, if the id of its image tells when that was received."""
    received_at_ms = time_of_id(image_id)
    return None if received_at_ms is None else _bucket_of(at_ms - received_at_ms)


@lru_cache(10_000)
def _bucket_of(latency_ms: int) -> str:
    return str(bucket_of(latency_ms))


def is_repeated(row: Result) -> bool:
    """Whether a result has another id than the one live result of its image and stage."""
    # As `names.result_id` without a generation. This is run for every result.
    return row.event_id != f"{row.image_id}.{row.stage}"
