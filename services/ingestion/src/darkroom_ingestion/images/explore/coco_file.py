"""A COCO data set as one JSON document, made in parts: images, then their annotations, then the categories of these."""

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from darkroom_ingestion.images.explore.coco import Annotations, image_entry, number_of
from darkroom_ingestion.images.explore.export import Exported
from darkroom_ingestion.times import now_ms, rfc3339


class CocoFile:
    """The parts of a file. Of the images, only their numbers are kept in memory: 8 bytes each."""

    def __init__(self, pipeline: str) -> None:
        self._pipeline = pipeline
        self._numbers = array("Q")
        self._annotations = Annotations()
        self._empty = True

    def start(self) -> str:
        """The beginning of the file."""
        info = {"description": f"Images and results of {self._pipeline}", "date_created": rfc3339(now_ms())}
        return f'{{"info": {json.dumps(info)}, "licenses": [], "images": ['

    def images(self, part: Sequence[Exported]) -> str:
        """Entries of images."""
        self._numbers.extend(number_of(one.document["id"]) for one in part)
        return self._entries(map(image_entry, part))

    def end_of_images(self) -> str:
        """What is between images and annotations."""
        self._numbers = array("Q", sorted(self._numbers))
        self._empty = True
        return '], "annotations": ['

    def annotations(self, part: Sequence[Exported]) -> str:
        """Annotations of those images that are in the file. Others have been received, or analysed, meanwhile."""
        return self._entries(made for one in part if self._has(one) for made in self._annotations.of(one))

    def end(self) -> str:
        """The end of the file."""
        return f'], "categories": {json.dumps(self._annotations.categories)}}}'

    def _has(self, one: Exported) -> bool:
        number = number_of(one.document["id"])
        at = bisect_left(self._numbers, number)
        return at < len(self._numbers) and self._numbers[at] == number

    def _entries(self, entries: Iterable[dict[str, Any]]) -> str:
        text = ",\n".join(map(json.dumps, entries))
        separator = "" if self._empty or not text else ",\n"
        self._empty = self._empty and not text
        return separator + text
