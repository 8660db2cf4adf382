"""Exports of the images that a filter selects, in parts of bounded size."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from darkroom_ingestion.images.explore.pages import Selected, images_page
from darkroom_ingestion.store.explore.candidates import Cursor, ImageFilter
from darkroom_ingestion.store.explore.listed import data_of_results

_AT_ONCE = 100
_READ_AT_ONCE = 8
_MAX_PART_CHARACTERS = 2**20
"""A part ends after the image that makes its results larger than this."""


@dataclass(frozen=True)
class Exported:
    """An image with the data of its newest results, as JSON text, by stage."""

    document: Mapping[str, Any]
    data: Mapping[str, str]

    def json_line(self) -> str:
        """The image as a line of JSON Lines: its document, with the data of its results in full."""
        document = {name: value for name, value in self.document.items() if name != "results"}
        results = [
            f"{self.data[short['stage']].rstrip().removesuffix('}')}, {_added(short)}}}"
            for short in self.document["results"]
            if short["stage"] in self.data
        ]
        text = f'{json.dumps(document)[:-1]}, "results": [{", ".join(results)}]}}'
        return text.replace("\r", " ").replace("\n", " ")


def export_part(
    connection: Connection, pipeline: str, which: ImageFilter, stages: Sequence[str], after: Cursor | None
) -> tuple[list[Exported], Cursor | None]:
    """The next images, newest first, and where the next part starts; None after the last part. A part may be empty."""
    page, following = images_page(connection, pipeline, which, stages, after=after, limit=_AT_ONCE)
    part: list[Exported] = []
    size = 0
    for some in _groups(page):
        events = {result.event_id for one in some for result in one.rows.newest.values()}
        data = data_of_results(connection, pipeline, events)
        for one in some:
            newest = one.rows.newest
            of_image = {stage: data[result.event_id] for stage, result in newest.items() if result.event_id in data}
            part.append(Exported(one.document(stages), of_image))
        size += sum(map(len, data.values()))
        if size > _MAX_PART_CHARACTERS and some[-1] is not page[-1]:
            return part, some[-1].candidate.cursor
    return part, following


def _groups(page: Sequence[Selected]) -> Iterator[Sequence[Selected]]:
    for start in range(0, len(page), _READ_AT_ONCE):
        yield page[start : start + _READ_AT_ONCE]


def _added(short: Mapping[str, Any]) -> str:
    return f'"analyzedAt": {json.dumps(short["analyzedAt"])}, "summary": {json.dumps(short["summary"])}'
