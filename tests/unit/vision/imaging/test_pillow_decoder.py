"""Kinds of files that the fast decoders refuse or get wrong, with pixels computed by hand."""

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from darkroom.image_header import read_header
from darkroom_vision.failures import DecodeError
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.opencv_decoder import opencv_decodes
from tests.support.images.pictures import Pixels, encoded, opened, picture
from tests.support.images.tiff_files import GREY, RGB, tiff_file

COLOUR = picture(96, 160)
IMAGE = Image.fromarray(COLOUR)
LEVELS = np.asarray(IMAGE.convert("L"))


def packed(samples: npt.NDArray[np.int_], bits: int) -> bytes:
    """Samples of `bits` bits, most significant first; rows are padded to whole bytes."""
    planes = (samples[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(planes.reshape(len(samples), -1).astype(np.uint8), axis=1).tobytes()


def grey_tiff(bits: int) -> tuple[bytes, Pixels]:
    samples = LEVELS.astype(int) * (2**bits - 1) // 255
    expected = np.rint(samples * (255 / (2**bits - 1))).astype(np.uint8)
    return tiff_file(packed(samples, bits), 160, 96, [bits], GREY), np.dstack([expected] * 3)


def premultiplied_tiff() -> tuple[bytes, Pixels]:
    alpha = np.tile(np.linspace(0, 65_535, 160).astype(np.uint16), (96, 1))
    over_black = np.rint(COLOUR.astype(float) * 257 * (alpha[..., None] / 65_535)).astype(np.uint16)
    strip = np.dstack([over_black, alpha]).astype("<u2").tobytes()
    return tiff_file(strip, 160, 96, [16] * 4, RGB, (338, "H", [1])), (over_black >> 8).astype(np.uint8)


def planar_tiff() -> tuple[bytes, Pixels]:
    """Three strips, one per colour."""
    planes = [COLOUR[..., i].tobytes() for i in range(3)]
    starts, lengths = [8 + i * len(planes[0]) for i in range(3)], [len(plane) for plane in planes]
    more = [(273, "I", starts), (279, "I", lengths), (284, "H", [2])]
    return tiff_file(b"".join(planes), 160, 96, [8, 8, 8], RGB, *more), COLOUR


def lab_tiff() -> tuple[bytes, Pixels]:
    lab = ImageCms.profileToProfile(
        IMAGE, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    return encoded(lab, "TIFF"), COLOUR


def bmp(bits: int, compression: int, rest: bytes, size: tuple[int, int] = (160, 96)) -> bytes:
    """`rest` is masks or palette, then pixels; the header says that both are pixels but for 16 and 1,024 bytes."""
    head = {3: 12, 1: 1024}[compression]
    information = struct.pack("<IiiHHIIiiII", 40, *size, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(rest), 0, 0, 54 + head) + information + rest


def bmp_565() -> tuple[bytes, Pixels]:
    red, green, blue = (COLOUR[..., i].astype(int) * top // 255 for i, top in ((0, 31), (1, 63), (2, 31)))
    rows = (red << 11 | green << 5 | blue).astype("<u2")[::-1]
    expected = np.dstack([np.rint(value * (255 / top)) for value, top in ((red, 31), (green, 63), (blue, 31))])
    return bmp(16, 3, struct.pack("<III", 0xF800, 0x07E0, 0x001F) + rows.tobytes()), expected.astype(np.uint8)


def bmp_of_odd_runs() -> tuple[bytes, Pixels]:
    """Run-length coded, 7 x 3: a run, literal pixels padded to an even number, and a row that ends early."""
    palette = b"".join(bytes([i, i, i, 0]) for i in range(256))
    rows = b"\x07\x09\x00\x00" + b"\x00\x03\x01\x02\x03\x00\x04\x05\x00\x00" + b"\x07\x06\x00\x01"
    expected = np.array([[6] * 7, [1, 2, 3, 5, 5, 5, 5], [9] * 7], np.uint8)
    return bmp(8, 1, palette + rows, (7, 3)), np.dstack([expected] * 3)


KINDS: dict[str, Callable[[], tuple[bytes, Pixels]]] = {
    "tiff of 2 bits": lambda: grey_tiff(2),
    "tiff of 4 bits": lambda: grey_tiff(4),
    "tiff of 12 bits": lambda: grey_tiff(12),
    "tiff premultiplied, 16 bits": premultiplied_tiff,
    "tiff in planes": planar_tiff,
    "tiff in Lab": lab_tiff,
    "tiff with LZMA": lambda: (encoded(IMAGE, "TIFF", compression="lzma"), COLOUR),
    "tiff with JPEG": lambda: (encoded(IMAGE, "TIFF", compression="jpeg", quality=98), COLOUR),
    "bmp of 5-6-5 bits": bmp_565,
    "bmp of odd runs": bmp_of_odd_runs,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_rare_kind_is_decoded_correctly(name: str) -> None:
    data, expected = KINDS[name]()
    assert not opencv_decodes(data, read_header(data))
    tolerance = {"tiff in Lab": 30, "tiff with JPEG": 8}.get(name, 1)
    for colors, right in (("RGB", expected), ("BGR", expected[..., ::-1])):
        pixels = decode(data, colors).pixels
        assert pixels.shape == right.shape
        assert np.abs(pixels.astype(int) - right).max() <= tolerance
        assert pixels.flags.c_contiguous
    grey = np.asarray(Image.fromarray(expected).convert("L"))[..., None]
    assert np.abs(decode(data, "GRAY").pixels.astype(int) - grey).max() <= tolerance + 1


@pytest.mark.parametrize("kind", ["GIF", "JPEG2000", "PPM", "AVIF"])
def test_an_image_of_many_bands_is_complete(kind: str) -> None:
    large = Image.fromarray(picture(1_100, 1_000))
    data = encoded(large.convert("L") if kind == "GIF" else large, kind, **({"speed": 10} if kind == "AVIF" else {}))
    expected = np.asarray(opened(data).convert("RGB"))
    assert np.array_equal(decode(data, "RGB").pixels, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_samples_of_32_bits_are_refused(dtype: type[np.generic]) -> None:
    data = encoded(Image.fromarray(LEVELS.astype(dtype)), "TIFF")
    with pytest.raises(DecodeError, match=r"the TIFF file cannot be decoded: its samples have 32 bits"):
        decode(data, "RGB")


@pytest.mark.processes
def test_heic_metadata_of_an_unknown_type_do_not_crash_the_process() -> None:
    program = """
import sys
from pathlib import Path
from darkroom_vision.imaging.decode import decode
heic = Path(sys.argv[1]).read_bytes()
assert heic.count(b"Exif\\0\\0") == 2
decode(heic.replace(b"Exif\\0\\0", b"news\\0\\0", 1), "RGB")
"""
    file = Path(__file__).parents[3] / "support" / "images" / "turned-1.heic"
    subprocess.run([sys.executable, "-c", program, str(file)], check=True)
