"""Decoding gives Pillow's pixels, upright, or a reason; never a part of a picture."""

import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from darkroom.image_header import NotAnImage, read_header
from darkroom_vision.failures import DecodeError, ImageError, TooManyPixels
from darkroom_vision.imaging.decode import decode
from tests.support.pictures import Pixels, encoded, opened, picture, with_orientation

COLOUR = picture(96, 160)
IMAGE = Image.fromarray(COLOUR)
GREY = IMAGE.convert("L")
ALPHA = np.tile(np.linspace(0, 255, 160).astype(np.uint8), (96, 1))
TRANSPARENT = Image.fromarray(np.dstack([COLOUR, ALPHA]))
OTHER_FRAMES = {"save_all": True, "append_images": [Image.fromarray(picture(96, 160, seed)) for seed in (1, 2)]}


def rgb(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))


def sixteen_bits(extension: str, values: Pixels) -> bytes:
    return cv2.imencode(extension, values.astype(np.uint16) * 256 + 77)[1].tobytes()


FILES: dict[str, tuple[Callable[[], bytes], Pixels]] = {
    "png": (lambda: encoded(IMAGE, "PNG"), COLOUR),
    "png grey": (lambda: encoded(GREY, "PNG"), rgb(GREY)),
    "png palette": (lambda: encoded(IMAGE.quantize(64), "PNG"), rgb(IMAGE.quantize(64))),
    "png palette with transparency": (
        lambda: encoded(IMAGE.quantize(64), "PNG", transparency=0),
        rgb(IMAGE.quantize(64)),
    ),
    "png of one bit": (lambda: encoded(IMAGE.convert("1"), "PNG"), rgb(IMAGE.convert("1"))),
    "png alpha": (lambda: encoded(TRANSPARENT, "PNG"), COLOUR),
    "png grey alpha": (
        lambda: encoded(Image.merge("LA", (GREY, Image.fromarray(ALPHA))), "PNG"),
        rgb(GREY),
    ),
    "png 16 bits grey": (lambda: sixteen_bits(".png", np.asarray(GREY)), rgb(GREY)),
    "png 16 bits colour": (lambda: sixteen_bits(".png", COLOUR[..., ::-1]), COLOUR),
    "png animated": (lambda: encoded(IMAGE, "PNG", **OTHER_FRAMES), COLOUR),
    "webp": (lambda: encoded(IMAGE, "WEBP", lossless=True), COLOUR),
    "webp alpha": (lambda: encoded(TRANSPARENT, "WEBP", lossless=True, exact=True), COLOUR),
    "webp animated": (lambda: encoded(IMAGE, "WEBP", lossless=True, **OTHER_FRAMES), COLOUR),
    "bmp": (lambda: encoded(IMAGE, "BMP"), COLOUR),
    "bmp palette": (lambda: encoded(IMAGE.quantize(64), "BMP"), rgb(IMAGE.quantize(64))),
    "bmp of one bit": (lambda: encoded(IMAGE.convert("1"), "BMP"), rgb(IMAGE.convert("1"))),
    "tiff": (lambda: encoded(IMAGE, "TIFF"), COLOUR),
    "tiff lzw": (lambda: encoded(IMAGE, "TIFF", compression="tiff_lzw"), COLOUR),
    "tiff deflate": (lambda: encoded(IMAGE, "TIFF", compression="tiff_adobe_deflate"), COLOUR),
    "tiff big": (lambda: encoded(IMAGE, "TIFF", big_tiff=True), COLOUR),
    "tiff fax": (lambda: encoded(IMAGE.convert("1"), "TIFF", compression="group4"), rgb(IMAGE.convert("1"))),
    "tiff cmyk": (lambda: encoded(IMAGE.convert("CMYK"), "TIFF"), rgb(IMAGE.convert("CMYK"))),
    "tiff 16 bits": (lambda: sixteen_bits(".tiff", np.asarray(GREY)), rgb(GREY)),
    "tiff of many pages": (lambda: encoded(IMAGE, "TIFF", **OTHER_FRAMES), COLOUR),
    "tiff alpha over black": (
        lambda: encoded(TRANSPARENT, "TIFF"),
        np.rint(COLOUR * (ALPHA[..., None] / 255)).astype(np.uint8),
    ),
}
JPEGS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(IMAGE, "JPEG", quality=95),
    "jpeg 4:4:4": lambda: encoded(IMAGE, "JPEG", quality=95, subsampling=0),
    "jpeg progressive": lambda: encoded(IMAGE, "JPEG", quality=95, progressive=True),
    "jpeg grey": lambda: encoded(GREY, "JPEG", quality=95),
    "jpeg cmyk": lambda: encoded(IMAGE.convert("CMYK"), "JPEG", quality=95),
    "jpeg rgb": lambda: encoded(IMAGE, "JPEG", quality=95, keep_rgb=True),
}


def difference(pixels: Pixels, expected: Pixels) -> int:
    assert pixels.shape == expected.shape
    return int(np.abs(pixels.astype(int) - expected).max())


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_gives_its_first_frame_in_eight_bits_without_alpha(name: str) -> None:
    make, expected = FILES[name]
    data = make()
    decoded = decode(data, "RGB")
    assert difference(decoded.pixels, expected) <= 1
    assert (decoded.width, decoded.height, decoded.format) == (160, 96, name.split(maxsplit=1)[0])
    assert difference(decode(data, "BGR").pixels, expected[..., ::-1]) <= 1
    grey = np.asarray(Image.fromarray(expected).convert("L"))[..., None]
    assert difference(decode(data, "GRAY").pixels, grey) <= 2


@pytest.mark.parametrize("name", JPEGS)
def test_every_kind_of_jpeg_gives_the_pixels_that_pillow_gives(name: str) -> None:
    data = JPEGS[name]()
    expected = rgb(opened(data))
    assert difference(decode(data, "RGB").pixels, expected) <= 3
    assert difference(decode(data, "BGR").pixels, expected[..., ::-1]) <= 3
    assert difference(decode(data, "GRAY").pixels, np.asarray(opened(data).convert("L"))[..., None]) <= 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_obeyed_exactly_once(kind: str, orientation: int) -> None:
    data = with_orientation(COLOUR, kind, orientation)
    expected = np.asarray(ImageOps.exif_transpose(opened(data)))
    decoded = decode(data, "RGB")
    assert difference(decoded.pixels, expected) <= 3
    assert (decoded.height, decoded.width) == expected.shape[:2]
    assert difference(decode(data, "GRAY").pixels, np.asarray(Image.fromarray(expected).convert("L"))[..., None]) <= 3


@pytest.mark.parametrize("orientation", [1, 6])
def test_shrinking_jpeg_is_asked_about_the_upright_size_and_halves_it(orientation: int) -> None:
    asked: list[tuple[int, int]] = []

    def halve(width: int, height: int) -> int:
        asked.append((width, height))
        return 2

    decoded = decode(with_orientation(picture(95, 161), "JPEG", orientation), "RGB", halve)
    upright = (161, 95) if orientation == 1 else (95, 161)
    assert asked == [upright]
    assert (decoded.width, decoded.height) == upright
    assert decoded.pixels.shape == (-(-upright[1] // 2), -(-upright[0] // 2), 3)


def test_exif_of_nonsense_leaves_the_picture_upright() -> None:
    for exif in (b"Exif\x00\x00", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"Exif\x00\x00XX" + bytes(20)):
        assert decode(encoded(IMAGE, "JPEG", exif=exif), "RGB").width == 160
    assert decode(with_orientation(COLOUR, "JPEG", 1).replace(b"\x12\x01\x03", b"\x12\x01\xff"), "RGB").width == 160


CUT = {
    **{name: make for name, (make, _) in FILES.items() if name not in {"png animated", "tiff of many pages"}},
    **JPEGS,
}


@pytest.mark.parametrize("name", CUT)
def test_a_file_cut_off_anywhere_is_refused_and_never_half_a_picture(name: str) -> None:
    data = CUT[name]()
    whole = decode(data, "RGB").pixels
    for length in {*range(0, len(data), max(1, len(data) // 40)), *range(len(data) - 12, len(data))}:
        try:
            pixels = decode(data[:length], "RGB").pixels
        except (ImageError, NotAnImage) as error:
            assert str(error)  # noqa: PT017 - the error is one of two right answers
        else:
            assert np.array_equal(pixels, whole), f"{length} of {len(data)} bytes"


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


def test_jpeg_of_an_unknown_revision_is_refused_with_the_decoders_words() -> None:
    with pytest.raises(DecodeError, match="unknown JFIF revision number 3"):
        decode(encoded(IMAGE, "JPEG").replace(b"JFIF\x00\x01", b"JFIF\x00\x03", 1), "RGB")


def test_what_cannot_be_decoded_names_the_format() -> None:
    floats = encoded(Image.fromarray(np.asarray(GREY).astype(np.float32)), "TIFF")
    with pytest.raises(DecodeError, match=r"the TIFF file cannot be decoded: .*32 bits"):
        decode(floats, "RGB")


def huge_png(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def test_a_picture_too_wide_for_the_decoder_is_refused() -> None:
    with pytest.raises(DecodeError, match="the PNG file cannot be decoded"):
        decode(huge_png(50_000_000, 1), "RGB")


def test_more_than_a_hundred_megapixels_are_refused_before_decoding() -> None:
    message = "the image is 10000 x 10001, which is 100,010,000 pixels: at most 100,000,000 are decoded"
    with pytest.raises(TooManyPixels, match=re.escape(message)):
        decode(huge_png(10_000, 10_001), "RGB")
    with pytest.raises(DecodeError):
        decode(huge_png(10_000, 10_000), "RGB")


@settings(max_examples=200, deadline=None)
@given(
    data=st.sampled_from([make() for make in JPEGS.values()] + [make() for make, _ in FILES.values()]),
    draw=st.data(),
)
def test_damaged_files_are_decoded_or_refused_and_nothing_else(data: bytes, draw: Any) -> None:
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        start = draw.draw(st.integers(0, len(data) - 1))
        new = draw.draw(st.binary(min_size=1, max_size=8))
        damaged[start : start + len(new)] = new
    try:
        assume(read_header(bytes(damaged)).pixels < 1_000_000)  # a larger one is right too, and only takes long
        pixels = decode(bytes(damaged), "RGB").pixels
    except (ImageError, NotAnImage) as error:
        assert error.reason in {"DecodeError", "NotAnImage", "TooManyPixels"}  # noqa: PT017
    else:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
