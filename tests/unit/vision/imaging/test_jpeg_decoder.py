"""Unusual JPEG files: errors that affect no pixel are ignored, all others are refused."""

import struct

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from darkroom_vision.failures import DecodeError
from darkroom_vision.imaging.decode import decode
from tests.support.images.pictures import encoded, picture

COLOUR = picture(96, 160)
IMAGE = Image.fromarray(COLOUR)
JFIF_END = 20


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


BEFORE_THE_FIRST_SCAN = {
    "junk": b"junk from a mail program",
    "zeros": bytes(500),
    "a profile in two parts, one missing": segment(0xE2, b"ICC_PROFILE\x00\x01\x02" + bytes(200)),
    "a part of a profile without a number": segment(0xE2, b"ICC_PROFILE\x00"),
    "an APP14 cut short": segment(0xEE, b"Adobe\x00"),
    "an unknown colour transform": segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00\x09"),
    "a JFIF of another revision": segment(0xE0, b"JFIF\x00\x03\x01\x00\x00\x01\x00\x01\x00\x00"),
    "text after a comment": segment(0xFE, b"a comment") + b"and more of it",
    "padding before the tables": b"\xff" * 40 + bytes(3),
}


@pytest.mark.parametrize("colors", ["RGB", "GRAY"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("name", BEFORE_THE_FIRST_SCAN)
def test_errors_before_the_first_scan_change_no_pixel(name: str, options: dict[str, bool], colors: str) -> None:
    data = encoded(IMAGE, "JPEG", quality=90, **options)
    odd = data[:JFIF_END] + BEFORE_THE_FIRST_SCAN[name] + data[JFIF_END:]
    assert np.array_equal(decode(odd, colors).pixels, decode(data, colors).pixels)


@pytest.mark.parametrize("name", BEFORE_THE_FIRST_SCAN)
def test_damage_in_a_scan_is_refused_whatever_comes_before_it(name: str) -> None:
    data = bytearray(encoded(IMAGE, "JPEG", quality=95))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(range(200))
    with pytest.raises(DecodeError, match="the JPEG file cannot be decoded: "):
        decode(bytes(data[:JFIF_END] + BEFORE_THE_FIRST_SCAN[name] + data[JFIF_END:]), "RGB")


def test_adobes_colour_transform_after_junk_is_applied() -> None:
    for data in (encoded(IMAGE, "JPEG", keep_rgb=True), encoded(IMAGE.convert("CMYK"), "JPEG")):
        (length,) = struct.unpack_from(">H", data, 4)
        junk = data[: 4 + length] + b"junk" + data[4 + length :]
        assert np.array_equal(decode(junk, "RGB").pixels, decode(data, "RGB").pixels)


def test_a_jpeg_with_junk_can_be_shrunk() -> None:
    data = encoded(IMAGE, "JPEG")
    odd = data[:JFIF_END] + b"junk" + data[JFIF_END:]
    assert decode(odd, "RGB", lambda *_: 4).pixels.shape == (24, 40, 3)


def test_a_subsampling_unknown_to_simplejpeg_is_decoded() -> None:
    """4:4:1, a quarter of the rows for colour: simplejpeg decodes it but has no name for it."""
    data = encoded(IMAGE, "JPEG", quality=95, subsampling="4:2:0")
    frame = data.index(b"\xff\xc0") + 11
    assert data[frame] == 0x22
    tall = data[:frame] + b"\x14" + data[frame + 1 :]
    try:
        decode(tall, "RGB")
    except DecodeError as error:  # the scan was coded for another subsampling: that is what may be wrong with it
        assert "header" not in str(error)  # noqa: PT017


def test_a_damaged_scan_is_refused() -> None:
    data = bytearray(encoded(IMAGE, "JPEG", quality=95))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(range(200))
    with pytest.raises(DecodeError, match="the JPEG file cannot be decoded: "):
        decode(bytes(data), "RGB")


def test_a_jpeg_padded_by_a_camera_is_decoded() -> None:
    data = encoded(IMAGE, "JPEG")
    expected = decode(data, "RGB").pixels
    assert np.array_equal(decode(data[:-2] + bytes(14) + data[-2:], "RGB").pixels, expected)
    assert np.array_equal(decode(data + bytes(100), "RGB").pixels, expected)
    assert np.array_equal(decode(data + b"a second picture, as in a panorama", "RGB").pixels, expected)


def test_a_jpeg_with_an_invalid_scan_header_is_decoded_unless_truncated() -> None:
    data = encoded(IMAGE, "JPEG")
    odd = data.replace(bytes.fromhex("ffda000c03010002110311003f00"), bytes.fromhex("ffda000c03010002110311000000"))
    with pytest.raises(ValueError, match="Invalid SOS parameters"):
        simplejpeg.decode_jpeg(odd)
    assert np.array_equal(decode(odd, "RGB").pixels, decode(data, "RGB").pixels)
    with pytest.raises(DecodeError):
        decode(odd[:-100], "RGB")
