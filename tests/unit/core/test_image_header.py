"""Image headers agree with Pillow, and no input makes the reader crash or take long."""

import io
import struct
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from darkroom.image_header import MEDIA_TYPES, ImageHeader, NotAnImage, read_header

SIZES = st.tuples(st.integers(1, 300), st.integers(1, 300))
WAYS_TO_SAVE: list[tuple[str, str, dict[str, Any]]] = [
    ("jpeg", "RGB", {}),
    ("jpeg", "L", {"progressive": True}),
    ("jpeg", "CMYK", {"exif": b"Exif\x00\x00" + bytes(60_000), "icc_profile": bytes(200_000)}),
    ("png", "RGB", {}),
    ("png", "P", {}),
    ("png", "I;16", {}),
    ("webp", "RGB", {}),
    ("webp", "RGB", {"lossless": True}),
    ("webp", "RGBA", {"exif": b"Exif\x00\x00" + bytes(10)}),
    ("bmp", "RGB", {}),
    ("bmp", "1", {}),
    ("tiff", "RGB", {}),
    ("tiff", "L", {"compression": "tiff_lzw"}),
    ("tiff", "RGB", {"big_tiff": True}),
    ("tiff", "I;16B", {}),
    ("gif", "P", {}),
    ("gif", "P", {"comment": bytes(1_000)}),
    ("avif", "RGB", {"quality": 30, "speed": 10}),
    ("jp2", "RGB", {}),
    ("jp2", "L", {"no_jp2": True}),
    ("pnm", "RGB", {}),
    ("pnm", "L", {}),
    ("pnm", "1", {}),
]


def saved(size: tuple[int, int], kind: str, mode: str, options: dict[str, Any]) -> bytes:
    data = io.BytesIO()
    Image.new(mode, size).save(data, {"jp2": "JPEG2000", "pnm": "PPM"}.get(kind, kind), **options)
    return data.getvalue()


@settings(deadline=None)
@given(size=SIZES, way=st.sampled_from(WAYS_TO_SAVE))
def test_every_format_has_the_size_that_pillow_gave_it(
    size: tuple[int, int], way: tuple[str, str, dict[str, Any]]
) -> None:
    kind, mode, options = way
    header = read_header(saved(size, kind, mode, options))
    assert (header.format, header.width, header.height) == (kind, *size)
    assert header.media_type == MEDIA_TYPES[header.format]
    assert header.pixels == size[0] * size[1]


@pytest.mark.parametrize("marker", [*range(0xC0, 0xC4), 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_jpeg_of_every_kind_is_known_behind_fill_bytes_and_a_big_exif_segment(marker: int) -> None:
    exif = b"\xff\xe1\xff\xff" + b"\xff\xc0" * 32766 + b"\x00"
    frame = bytes([0xFF, 0xFF, 0xFF, marker]) + struct.pack(">HBHHB", 11, 8, 480, 640, 1)
    assert read_header(b"\xff\xd8" + exif + frame) == ImageHeader("jpeg", 640, 480)


def test_bmp_with_core_header_and_with_rows_from_the_top() -> None:
    assert read_header(b"BM" + bytes(12) + struct.pack("<IHH", 12, 7, 9)) == ImageHeader("bmp", 7, 9)
    assert read_header(b"BM" + bytes(12) + struct.pack("<Iii", 40, 7, -9)) == ImageHeader("bmp", 7, 9)


def test_the_first_frame_of_many_counts() -> None:
    data = io.BytesIO()
    Image.new("RGB", (5, 6)).save(data, "TIFF", save_all=True, append_images=[Image.new("RGB", (50, 60))])
    assert read_header(data.getvalue()) == ImageHeader("tiff", 5, 6)


def tiff_with(*entries: tuple[int, int, int], order: str = "<") -> bytes:
    """A directory of entries (tag, type, value), in the given order."""
    layouts = {3: "HHIHxx", 4: "HHII", 6: "HHIbxxx", 8: "HHIhxx", 9: "HHIi"}
    packed = [struct.pack(order + layouts[kind], tag, kind, 1, value) for tag, kind, value in entries]
    return struct.pack(order + "2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(entries)) + b"".join(packed)


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_two_widths_has_the_first_one_whatever_its_type(order: str) -> None:
    """Like libtiff: the header check must not see a smaller picture than the decoder."""
    data = tiff_with((0x100, 9, 12_000), (0x100, 3, 10), (0x101, 9, 11_000), (0x101, 3, 10), order=order)
    assert read_header(data) == ImageHeader("tiff", 12_000, 11_000)
    assert read_header(tiff_with((0x100, 6, 9), (0x101, 8, 7), order=order)) == ImageHeader("tiff", 9, 7)
    with pytest.raises(NotAnImage, match="the TIFF header says -9 x 7 pixels"):
        read_header(tiff_with((0x100, 6, -9), (0x101, 8, 7), order=order))


def test_a_gif_whose_first_picture_reaches_beyond_the_screen_is_as_large_as_both() -> None:
    data = bytearray(saved((9, 7), "gif", "P", {}))
    struct.pack_into("<HH", data, 6, 5, 30)
    assert read_header(bytes(data)) == ImageHeader("gif", 9, 30)


def test_pnm_may_have_comments_between_its_numbers() -> None:
    assert read_header(b"P5 # 3 4\n #\n640# wide\n480 255\n") == ImageHeader("pnm", 640, 480)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no bytes"),
        (b"hello, world", "it starts with 68 65 6c 6c"),
        (b"GIF89a", r"the GIF file ends within its header \(6 bytes\)"),
        (b"\x00\x00\x00\x20ftypheic", "the HEIC file ends within its header"),
        (b"\x00\x00\x00\x20ftypmp42", "a video is not supported: send JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF, HEIC"),
        (b"P6 is a processor", "the PNM file does not say how wide and how high"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "not an image"),
        (b"\x89PNG\r\n\x1a\n\x00", r"the PNG file ends within its header \(9 bytes\)"),
        (b"\xff\xd8\xff\xd9", "no frame header before its picture data"),
        (b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x02\x80\x01", "leaves its height open"),
        (b"BMW is a car maker in Munich", "no version of BMP has"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x00\x00\x00\x00\x01", "the PNG header says 0 x 1 pixels"),
        (b"II*\x00\xff\xff\xff\x7f", "the TIFF file ends within its header"),
    ],
)
def test_anything_but_an_image_is_refused_with_a_readable_reason(data: bytes, words: str) -> None:
    with pytest.raises(NotAnImage, match=words):
        read_header(data)


@settings(deadline=None)
@given(
    start=st.sampled_from([saved((9, 7), *way) for way in WAYS_TO_SAVE]),
    keep=st.integers(0, 120),
    rest=st.binary(max_size=200),
)
def test_damaged_headers_are_read_or_refused_and_nothing_else(start: bytes, keep: int, rest: bytes) -> None:
    for data in (start[:keep], start[:keep] + rest, start[:keep] + rest + start[keep + len(rest) :]):
        try:
            header = read_header(data)
        except NotAnImage as error:
            assert str(error)  # noqa: PT017 - the error is one of two right answers
        else:
            assert header.width > 0
            assert header.height > 0


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff" * 10_000_000,
        b"\xff\xd8" + b"\xff\xe1\x00\x02" * 2_500_000,
        b"\xff\xd8\xff\xe1\x00\x00" + bytes(10_000_000),
        b"II*\x00\x08\x00\x00\x00\xff\xff" + bytes(10_000_000),
        b"II+\x00\x08\x00\x00\x00" + struct.pack("<QQ", 16, 2**63) + bytes(10_000_000),
        b"GIF89a" + bytes(7) + b"!\x01" + b"\x01" * 10_000_000,
        b"GIF89a" + bytes(10_000_000),
        b"P6 " + b"#\n" * 5_000_000,
        b"P6 " + b" " * 10_000_000,
        b"\x00\x00\x00\x14ftypavif" + bytes(8) + b"\x00\x00\x00\x08meta" * 1_250_000,
        b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00\x00\x00\x08free" * 1_250_000,
    ],
)
def test_ten_hostile_megabytes_are_checked_quickly(data: bytes) -> None:
    started = time.process_time()
    with pytest.raises(NotAnImage):
        read_header(data)
    assert time.process_time() - started < 0.5


@given(st.binary(max_size=64))
@example(b"RIFF\x00\x00\x00\x00WEBPVP8X")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_header(data)
    except NotAnImage as error:
        assert str(error)  # noqa: PT017 - the error is one of two right answers
