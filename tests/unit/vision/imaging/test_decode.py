"""Decoding gives Pillow's pixels, upright, or an error; never a part of an image."""

import os
import re
import resource
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from darkroom.image_header import NotAnImage, read_header
from darkroom_vision.failures import DecodeError, ImageError, TooManyPixels
from darkroom_vision.imaging import pillow_decoder
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.pixels import Colors
from tests.support.images.carriers import CARRIERS
from tests.support.images.pictures import Pixels, encoded, opened, picture, with_orientation

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
    "tiff lzma": (lambda: encoded(IMAGE, "TIFF", compression="lzma"), COLOUR),
    "tiff of many pages": (lambda: encoded(IMAGE, "TIFF", **OTHER_FRAMES), COLOUR),
    "tiff alpha over black": (
        lambda: encoded(TRANSPARENT, "TIFF"),
        np.rint(COLOUR * (ALPHA[..., None] / 255)).astype(np.uint8),
    ),
    "gif": (lambda: encoded(IMAGE.quantize(64), "GIF"), rgb(IMAGE.quantize(64))),
    "gif animated": (
        lambda: encoded(
            IMAGE.quantize(64), "GIF", save_all=True, append_images=[Image.fromarray(255 - COLOUR).quantize(64)]
        ),
        rgb(IMAGE.quantize(64)),
    ),
    "jp2": (lambda: encoded(IMAGE, "JPEG2000"), COLOUR),
    "jp2 without boxes": (lambda: encoded(IMAGE, "JPEG2000", no_jp2=True), COLOUR),
    "jp2 alpha": (lambda: encoded(TRANSPARENT, "JPEG2000"), COLOUR),
    "jp2 16 bits": (
        lambda: encoded(Image.fromarray(np.asarray(GREY).astype(np.uint16) * 256 + 77), "JPEG2000"),
        rgb(GREY),
    ),
    "pnm": (lambda: encoded(IMAGE, "PPM"), COLOUR),
    "pnm grey": (lambda: encoded(GREY, "PPM"), rgb(GREY)),
    "pnm of one bit": (lambda: encoded(IMAGE.convert("1"), "PPM"), rgb(IMAGE.convert("1"))),
    "pnm 16 bits": (
        lambda: b"P5 160 96 65535\n" + (np.asarray(GREY).astype(np.uint16) * 256 + 77).astype(">u2").tobytes(),
        rgb(GREY),
    ),
    "pnm text": (
        lambda: b"P3\n# by hand\n160 96\n255\n" + " ".join(str(value) for value in COLOUR.ravel()).encode(),
        COLOUR,
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
def test_every_kind_of_file_decodes_to_its_first_frame_in_8_bits_without_alpha(name: str) -> None:
    make, expected = FILES[name]
    data = make()
    decoded = decode(data, "RGB")
    assert difference(decoded.pixels, expected) <= 1
    assert (decoded.width, decoded.height, decoded.format) == (160, 96, name.split(maxsplit=1)[0])
    assert difference(decode(data, "BGR").pixels, expected[..., ::-1]) <= 1
    grey = np.asarray(Image.fromarray(expected).convert("L"))[..., None]
    assert difference(decode(data, "GRAY").pixels, grey) <= 2


@pytest.mark.parametrize(("alpha", "frames"), [(False, {}), (True, {}), (False, OTHER_FRAMES)])
def test_avif_decodes_to_its_first_frame_without_alpha(alpha: bool, frames: dict[str, Any]) -> None:
    data = encoded(TRANSPARENT if alpha else IMAGE, "AVIF", quality=95, subsampling="4:4:4", speed=10, **frames)
    decoded = decode(data, "RGB")
    assert np.abs(decoded.pixels.astype(int) - COLOUR).mean() < 2
    assert decoded.format == "avif"


def test_heic_without_its_decoder_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pillow_decoder, "pi_heif", None)
    data = (Path(__file__).parents[3] / "support" / "images" / "turned-1.heic").read_bytes()
    with pytest.raises(DecodeError, match=r"install darkroom-vision\[heic\]"):
        decode(data, "RGB")


@pytest.mark.parametrize("name", JPEGS)
def test_every_kind_of_jpeg_decodes_to_pillows_pixels(name: str) -> None:
    data = JPEGS[name]()
    expected = rgb(opened(data))
    assert difference(decode(data, "RGB").pixels, expected) <= 3
    assert difference(decode(data, "BGR").pixels, expected[..., ::-1]) <= 3
    assert difference(decode(data, "GRAY").pixels, np.asarray(opened(data).convert("L"))[..., None]) <= 3


@pytest.mark.parametrize("orientation", [1, 6])
def test_shrink_gets_the_upright_size_and_can_halve_a_jpeg(orientation: int) -> None:
    asked: list[tuple[int, int]] = []

    def halve(width: int, height: int) -> int:
        asked.append((width, height))
        return 2

    decoded = decode(with_orientation(picture(95, 161), "JPEG", orientation), "RGB", halve)
    upright = (161, 95) if orientation == 1 else (95, 161)
    assert asked == [upright]
    assert (decoded.width, decoded.height) == upright
    assert decoded.pixels.shape == (-(-upright[1] // 2), -(-upright[0] // 2), 3)


CUT = {
    **{
        name: make
        for name, (make, _) in FILES.items()
        if name not in {"png animated", "tiff of many pages", "gif animated", "pnm text"}
    },
    **JPEGS,
}


@pytest.mark.parametrize("name", CUT)
def test_a_truncated_file_is_refused_or_complete(name: str) -> None:
    data = CUT[name]()
    whole = decode(data, "RGB").pixels
    for length in {*range(0, len(data), max(1, len(data) // 40)), *range(len(data) - 12, len(data))}:
        try:
            pixels = decode(data[:length], "RGB").pixels
        except (ImageError, NotAnImage) as error:
            assert str(error)  # noqa: PT017 - the error is one of two right answers
        else:
            assert np.array_equal(pixels, whole), f"{length} of {len(data)} bytes"


def test_a_decode_error_names_the_format() -> None:
    floats = encoded(Image.fromarray(np.asarray(GREY).astype(np.float32)), "TIFF")
    with pytest.raises(DecodeError, match=r"the TIFF file cannot be decoded: .*32 bits"):
        decode(floats, "RGB")


def huge_png(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def test_an_image_too_wide_for_the_decoder_is_refused() -> None:
    with pytest.raises(DecodeError, match="the PNG file cannot be decoded"):
        decode(huge_png(50_000_000, 1), "RGB")


def test_more_than_a_hundred_megapixels_are_refused_before_decoding() -> None:
    message = "the image is 10000 x 10001, which is 100,010,000 pixels: at most 100,000,000 are decoded"
    with pytest.raises(TooManyPixels, match=re.escape(message)):
        decode(huge_png(10_000, 10_001), "RGB")
    with pytest.raises(DecodeError):
        decode(huge_png(10_000, 10_000), "RGB")


def test_jpeg_2000_has_a_lower_pixel_limit() -> None:
    data = encoded(IMAGE, "JPEG2000", no_jp2=True)
    assert struct.unpack_from(">II", data, 8) == (160, 96)
    with pytest.raises(TooManyPixels, match="at most 25,000,000 are decoded"):
        decode(data[:8] + struct.pack(">II", 5_000, 5_001) + data[16:], "RGB")


@pytest.fixture
def half_a_gigabyte_at_most() -> Iterator[None]:
    """Fails if the process grows by more than that. An rlimit would not do: decoders turn it into errors."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 * 1024


SEEDS = [
    *(make() for make in JPEGS.values()),
    *(make() for make, _ in FILES.values()),
    *(CARRIERS[name](picture(30, 40), 6) for name in CARRIERS),
    (Path(__file__).parents[3] / "support" / "images" / "turned-7.heic").read_bytes(),
]


@pytest.mark.fuzz
@pytest.mark.usefixtures("half_a_gigabyte_at_most")
@settings(
    max_examples=int(os.environ.get("DARKROOM_FUZZ_EXAMPLES", "5000")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
@given(
    data=st.sampled_from(SEEDS),
    places=st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.binary(max_size=8)), min_size=1, max_size=5),
    kept=st.floats(0.5, 1.5),
    colors=st.sampled_from(["RGB", "GRAY"]),
)
def test_damaged_files_are_decoded_or_refused_without_other_errors(
    data: bytes, places: list[tuple[float, bool, bytes]], kept: float, colors: Colors
) -> None:
    damaged = bytearray(data)
    for where, in_head, new in places:
        start = int(where * (min(len(data), 200) if in_head else len(data)))
        damaged[start : start + len(new)] = new
    damaged = damaged[: int(kept * len(damaged))]
    try:
        assume(read_header(bytes(damaged)).pixels < 1_000_000)  # larger ones would be correct too, but slow
        pixels = decode(bytes(damaged), colors, lambda *_: 2).pixels
    except (ImageError, NotAnImage) as error:
        assert error.reason in {"DecodeError", "NotAnImage", "TooManyPixels"}  # noqa: PT017
    else:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == (3 if colors == "RGB" else 1)
