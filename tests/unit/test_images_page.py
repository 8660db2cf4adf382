"""The page on images lists all formats, media types and limits of the code."""

import re

import pytest

from darkroom.image_header import MAX_PIXELS, MEDIA_TYPES, NAMES, Format
from darkroom_ingestion.http.requests import admission
from darkroom_vision.imaging.decode import _MAX_PIXELS_OF
from tests.support.documents import ROOT

PAGE = (ROOT / "docs" / "reference" / "images.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_a_format_has_its_row_with_every_media_type(kind: Format) -> None:
    (row,) = re.findall(rf"^\| {NAMES[kind]} \| `{MEDIA_TYPES[kind]}` .*$", PAGE, re.MULTILINE)
    for media_type, stands_for in admission.MEDIA_TYPES.items():
        if stands_for == kind:
            assert f"`{media_type}`" in row or f"`-{media_type.rpartition('-')[2]}`" in row


def test_the_documented_maximum_of_pixels_is_the_real_one() -> None:
    assert f"| pixels | {MAX_PIXELS:,}, or {_MAX_PIXELS_OF['jp2']:,} for JPEG 2000;" in PAGE
