"""Writes images, and counts them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from darkroom_ingestion.store.counts.changes import Changes
from darkroom_ingestion.store.tables import images
from darkroom_ingestion.store.writing.inserts import insert_absent

_ORDER = ("received_at_ms", "partition", "offset")
"""A redriven image is in the log twice, possibly in two partitions, whose records are read in any order. The record
with the smallest values stays."""


def write_images(connection: Connection, rows: Sequence[dict[str, Any]], changes: Changes) -> int:
    """Insert images, or replace later records of the same images. Returns how many rows were changed."""
    new = insert_absent(connection, images, rows)
    changes.images(new)
    if len(new) == len(rows):
        return len(new)
    inserted, ids = set(map(id, new)), {(row["pipeline"], row["id"]) for row in new}
    again = [row for row in rows if id(row) not in inserted]
    replaced = [(row["pipeline"], row["id"]) for row in again if _replace(connection, row, changes)]
    return len(new) + len(set(replaced) - ids)


def _replace(connection: Connection, row: dict[str, Any], changes: Changes) -> bool:
    """Replace the image's row if `row` is an earlier record."""
    same = (images.c.pipeline == row["pipeline"], images.c.id == row["id"])
    # Locked in PostgreSQL, so that no other replica replaces it in between.
    stored = connection.execute(select(images).where(*same).with_for_update()).mappings().one_or_none()
    if stored is None or _order(row) >= _order(stored):
        return False
    connection.execute(update(images).where(*same).values(row))
    changes.images([stored], -1)
    changes.images([row])
    return True


def _order(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _ORDER)
