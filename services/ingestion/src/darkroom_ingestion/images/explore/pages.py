"""Pages of the images that a filter selects, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from darkroom_ingestion.images.explore.selection import is_selected, listed_document
from darkroom_ingestion.store.explore.candidates import Candidate, Cursor, ImageFilter, scan
from darkroom_ingestion.store.explore.listed import ListedImage, labelled, listed_images

MOST_SCANNED, MOST_READ = 2_000, 200
"""Rows of an index, and images, that are read for a page, so that it takes milliseconds if few are selected too."""
_FIRST_SCANNED = 200


@dataclass(frozen=True)
class Selected:
    """An image that a filter selects, by what it was found, and what the store has of it."""

    candidate: Candidate
    rows: ListedImage

    def document(self, stages: Sequence[str]) -> dict[str, Any]:
        """Its document in a list."""
        return listed_document(self.candidate, self.rows, stages)


def images_page(
    connection: Connection,
    pipeline: str,
    which: ImageFilter,
    stages: Sequence[str],
    *,
    after: Cursor | None,
    limit: int,
) -> tuple[list[Selected], Cursor | None]:
    """A page of images, newest first, and where the next page starts; None after the last page.

    A page ends after `limit` images, or after many rows that were looked at: then it may be empty, and have a cursor.

    Args:
        connection: to the store.
        pipeline: its key.
        which: the filter.
        stages: all stages of the pipeline.
        after: where the page starts.
        limit: the maximum number of images.
    """
    looked_at = [which.stage] if which.stage is not None else list(stages)
    page: list[Selected] = []
    scanned = read = 0
    rows = min(max(limit + 1, _FIRST_SCANNED), MOST_SCANNED)
    while True:
        found, following = scan(connection, pipeline, which, looked_at, after=after, rows=rows)
        scanned += rows
        while found:
            some, found = found[: limit - len(page)], found[limit - len(page) :]
            read += len(some)
            page += _selected(connection, pipeline, which, some, looked_at)
            if len(page) == limit or read >= MOST_READ:
                more = bool(found) or following is not None
                return page, some[-1].cursor if more else None
        if following is None or scanned >= MOST_SCANNED:
            return page, following
        after, rows = following, min(3 * rows, MOST_SCANNED - scanned)


def _selected(
    connection: Connection, pipeline: str, which: ImageFilter, found: Sequence[Candidate], looked_at: Sequence[str]
) -> list[Selected]:
    images = listed_images(connection, pipeline, [candidate.image_id for candidate in found])
    scores = {} if which.label is None else labelled(connection, pipeline, which.label, images.values())
    return [
        Selected(candidate, images[candidate.image_id])
        for candidate in found
        if is_selected(which, candidate, images[candidate.image_id], scores, looked_at)
    ]
