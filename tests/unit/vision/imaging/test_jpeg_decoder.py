"""JPEG files that others find odd: what cannot harm a pixel is passed over, what can is refused."""

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
def test_what_is_wrong_before_the_first_scan_changes_no_pixel(name: str, options: dict[str, bool], colors: str) -> None:
    data = encoded(IMAGE, "JPEG", quality=90, **options)
    odd = data[:JFIF_END] + BEFORE_THE_FIRST_SCAN[name] + data[JFIF_END:]
    assert np.array_equal(decode(odd, colors).pixels, decode(data, colors).pixels)


@pytest.mark.parametrize("name", BEFORE_THE_FIRST_SCAN)
def test_damage_in_a_scan_is_an_error_whatever_comes_before_it(name: str) -> None:
    data = bytearray(encoded(IMAGE, "JPEG", quality=95))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(range(200))
    with pytest.raises(DecodeError, match="the JPEG file cannot be decoded: "):
        decode(bytes(data[:JFIF_END] + BEFORE_THE_FIRST_SCAN[name] + data[JFIF_END:]), "RGB")


def test_adobes_colour_transform_is_obeyed_behind_junk() -> None:
    for data in (encoded(IMAGE, "JPEG", keep_rgb=True), encoded(IMAGE.convert("CMYK"), "JPEG")):
        (length,) = struct.unpack_from(">H", data, 4)
        junk = data[: 4 + length] + b"junk" + data[4 + length :]
        assert np.array_equal(decode(junk, "RGB").pixels, decode(data, "RGB").pixels)


def test_junk_does_not_keep_the_decoder_from_shrinking() -> None:
    data = encoded(IMAGE, "JPEG")
    odd = data[:JFIF_END] + b"junk" + data[JFIF_END:]
    assert decode(odd, "RGB", lambda *_: 4).pixels.shape == (24, 40, 3)


def test_a_subsampling_that_has_no_name_is_decoded() -> None:
    """4:4:1, a quarter of the colour's rows: simplejpeg decodes it and cannot name it."""
    data = encoded(IMAGE, "JPEG", quality=95, subsampling="4:2:0")
    frame = data.index(b"\xff\xc0") + 11
    assert data[frame] == 0x22
    tall = data[:frame] + b"\x14" + data[frame + 1 :]
    try:
        decode(tall, "RGB")
    except DecodeError as error:  # the scan was coded for another subsampling: that is what may be wrong with it
        assert "header" not in str(error)  # noqa: PT017


def test_jpeg_with_a_broken_body_says_so() -> None:
    data = bytearray(encoded(IMAGE, "JPEG", quality=95))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(range(200))
    with pytest.raises(DecodeError, match="the JPEG file cannot be decoded: "):
        decode(bytes(data), "RGB")


def test_jpeg_that_a_camera_padded_is_whole() -> None:
    data = encoded(IMAGE, "JPEG")
    expected = decode(data, "RGB").pixels
    assert np.array_equal(decode(data[:-2] + bytes(14) + data[-2:], "RGB").pixels, expected)
    assert np.array_equal(decode(data + bytes(100), "RGB").pixels, expected)
    assert np.array_equal(decode(data + b"a second picture, as in a panorama", "RGB").pixels, expected)


def test_jpeg_with_the_odd_scan_header_of_some_cameras_is_whole_until_it_is_cut_off() -> None:
    data = encoded(IMAGE, "JPEG")
    odd = data.replace(bytes.fromhex("ffda000c03010002110311003f00"), bytes.fromhex("ffda000c03010002110311000000"))
    with pytest.raises(ValueError, match="Invalid SOS parameters"):
        simplejpeg.decode_jpeg(odd)
    assert np.array_equal(decode(odd, "RGB").pixels, decode(data, "RGB").pixels)
    with pytest.raises(DecodeError):
        decode(odd[:-100], "RGB")
