"""Images are decoded upright for every format and every source of the orientation, which is applied exactly once."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from darkroom.image_header import Format, read_header
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.orientation import read_orientation
from tests.support.images.carriers import CARRIERS, exif, jpeg, png, tiff, webp
from tests.support.images.pictures import encoded, opened, picture

UPRIGHT = picture(48, 80)
HEIC = Path(__file__).parents[3] / "support" / "images"
# JPEG and AVIF change pixels by a few levels, a wrong orientation by fifty.
TOLERANCE = {"jpeg": 2.0, "avif": 3.0}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("carrier", CARRIERS)
def test_an_image_is_as_upright_as_with_pillow(carrier: str, orientation: int) -> None:
    data = CARRIERS[carrier](UPRIGHT, orientation)
    by_pillow = np.asarray(ImageOps.exif_transpose(opened(data)).convert("RGB"))
    tolerance = TOLERANCE.get(carrier.split(maxsplit=1)[0], 0)
    decoded = decode(data, "RGB")
    for pixels, bound in ((by_pillow, min(tolerance, 1)), (UPRIGHT, tolerance)):
        assert decoded.pixels.shape == pixels.shape
        assert np.abs(decoded.pixels.astype(int) - pixels).mean() <= bound
    assert (decoded.width, decoded.height) == (80, 48)
    assert read_orientation(data, read_header(data).format) == orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_oriented_by_its_boxes(orientation: int) -> None:
    """Files made with libheif from `picture(64, 96)`, stored for each orientation."""
    data = (HEIC / f"turned-{orientation}.heic").read_bytes()
    decoded = decode(data, "RGB")
    assert np.abs(decoded.pixels.astype(int) - picture(64, 96)).mean() < 4
    assert (decoded.width, decoded.height) == (96, 64)
    assert read_orientation(data, "heic") == orientation


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
@pytest.mark.parametrize("carrier", ["jpeg exif little", "png exif big", "webp exif little", "tiff tag big"])
def test_an_invalid_orientation_is_ignored(carrier: str, orientation: int) -> None:
    tagged = {
        "jpeg": jpeg(lambda _: b"Exif\x00\x00" + exif(orientation, "<")),
        "png": png(lambda _: (b"eXIf", exif(orientation, ">"))),
        "webp": webp(b"EXIF", lambda _: exif(orientation, "<")),
        "tiff": tiff(">", lambda _: (274, "H", [orientation])),
    }
    kind = carrier.split(maxsplit=1)[0]
    decoded = decode(tagged[kind](UPRIGHT, 1), "RGB")
    assert np.abs(decoded.pixels.astype(int) - UPRIGHT).mean() <= TOLERANCE.get(kind, 0)


def test_invalid_exif_data_is_ignored() -> None:
    image = Image.fromarray(UPRIGHT)
    for nonsense in (b"Exif\x00\x00", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"Exif\x00\x00XX" + bytes(20)):
        assert decode(encoded(image, "JPEG", exif=nonsense), "RGB").width == 80


@pytest.mark.parametrize("text", [b"\nexif\n" + b"\n" * 1_000_000, b"\nexif\n       4\n" + b"0" * 1_000_000, b"exif"])
def test_many_compressed_png_texts_are_read_in_bounded_time(text: bytes) -> None:
    """A hundred thousand texts, each a thousand times as large when decompressed: most are not read."""
    compressed = b"Raw profile type exif\x00\x00" + zlib.compress(text)
    chunk = struct.pack(">I", len(compressed)) + b"zTXt" + compressed + bytes(4)
    assert read_orientation(b"\x89PNG\r\n\x1a\n" + chunk * min(100_000, 10_000_000 // len(chunk)), "png") == 1


@settings(deadline=None)
@given(
    file=st.sampled_from([(CARRIERS[name](UPRIGHT, 6), name.split()[0]) for name in CARRIERS]),
    start=st.integers(0, 400),
    new=st.binary(min_size=1, max_size=30),
)
def test_damaged_files_have_a_valid_orientation(file: tuple[bytes, Format], start: int, new: bytes) -> None:
    data, kind = file
    for damaged in (data[:start], data[:start] + new + data[start + len(new) :], data[: len(data) - start] + new):
        assert 1 <= read_orientation(damaged, kind) <= 8
