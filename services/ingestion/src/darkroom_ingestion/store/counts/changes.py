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
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from darkroom_ingestion.records.image_times import time_of_id
from darkroom_ingestion.store.counts.latencies import BOUNDS_MS, bucket_of
from darkroom_ingestion.store.tables import counts
from darkroom_ingestion.store.writing.inserts import insert_rows

LEVELS_S = (60, 600, 3_600, 86_400)
"""The lengths of the times that are counted. Each is a multiple of the one before, and the last divides a UTC day."""

_MINUTE_MS = LEVELS_S[0] * 1_000
_KEY = tuple(column.name for column in counts.primary_key)
_BUCKETS = tuple(map(str, range(len(BOUNDS_MS) + 1)))
_ADD = (
    f"ON CONFLICT ({', '.join(_KEY)}) "  # names of our own columns
    'DO UPDATE SET "count" = "counts"."count" + excluded."count"'
)

Row = Mapping[Any, Any]
_Key = tuple[str, str, str, str, int]


class Changes:
    """What a transaction adds to the counts, by minute. `sign` is -1 for rows that it removes."""

    def __init__(self) -> None:
        self._minutes: Counter[_Key] = Counter()

    def images(self, rows: Iterable[Row], sign: int = 1) -> None:
        """Count images."""
        minutes = self._minutes
        for row in rows:
            pipeline, minute = row["pipeline"], row["received_at_ms"] // _MINUTE_MS
            minutes[pipeline, "received", "", "", minute] += sign
            minutes[pipeline, "bytes", "", "", minute] += sign * row["bytes"]

    def results(self, rows: Iterable[Row], sign: int = 1) -> None:
        """Count results that are the newest of their image and stage. Replays have no latency."""
        minutes = self._minutes
        for row in rows:
            pipeline, stage, at_ms, image_id = row["pipeline"], row["stage"], row["at_ms"], row["image_id"]
            minute = at_ms // _MINUTE_MS
            minutes[pipeline, "analyzed", stage, "", minute] += sign
            if (received_at_ms := time_of_id(image_id)) is not None and not is_repeated(row):
                bucket = _BUCKETS[bucket_of(at_ms - received_at_ms)]
                minutes[pipeline, "latency", stage, bucket, minute] += sign

    def labels(self, rows: Iterable[Row], sign: int = 1) -> None:
        """Count labels of such results."""
        minutes = self._minutes
        for row in rows:
            minutes[row["pipeline"], "label", row["stage"], row["label"], row["at_ms"] // _MINUTE_MS] += sign

    def repeated(self, rows: Iterable[Row], sign: int = 1) -> None:
        """Count those of `rows`, which are results, that have other ids than live results."""
        for row in filter(is_repeated, rows):
            self._minutes[row["pipeline"], "repeated", row["stage"], "", row["at_ms"] // _MINUTE_MS] += sign

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

    def write(self, connection: Connection) -> None:
        """Change the counts. Call it in the transaction that changes the rows, after the last change."""
        changed: Counter[tuple[str, int, str, int, str, str]] = Counter()
        for (pipeline, kind, stage, name, minute), count in self._minutes.items():
            start_s = minute * LEVELS_S[0]
            for seconds in LEVELS_S:
                changed[pipeline, seconds, kind, start_s - start_s % seconds, stage, name] += count
        self._minutes.clear()
        # In one order, so that two replicas can't wait for each other.
        rows = [(*key, count) for key, count in sorted(changed.items()) if count]
        if rows:
            names = (*_KEY, "count")
            insert_rows(connection, counts, [dict(zip(names, row, strict=True)) for row in rows], _ADD)
        if removed := [key for *key, count in rows if count < 0]:
            value = "?" if connection.dialect.name == "sqlite" else "%s"
            same = " AND ".join(f"{name} = {value}" for name in _KEY)
            delete = f'DELETE FROM counts WHERE {same} AND "count" = 0'  # noqa: S608 - names of our own columns
            connection.exec_driver_sql(delete, [tuple(key) for key in removed])


def is_repeated(row: Row) -> bool:
    """Whether a result has another id than the one live result of its image and stage."""
    # As `names.result_id` without a generation. This is run for every result.
    return bool(row["event_id"] != f"{row['image_id']}.{row['stage']}")
