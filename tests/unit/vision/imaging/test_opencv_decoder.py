"""Which files OpenCV decodes, and protection from its weaknesses."""

import resource
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from darkroom.image_header import read_header
from darkroom_vision.failures import DecodeError
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.opencv_decoder import opencv_decodes
from tests.support.images.pictures import encoded, picture
from tests.support.images.tiff_files import RGB, tiff_file

COLOUR = picture(96, 160)
IMAGE = Image.fromarray(COLOUR)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF"])
def test_common_kinds_are_decoded_by_opencv(kind: str) -> None:
    for image in (IMAGE, IMAGE.convert("L")):
        data = encoded(image, kind)
        assert opencv_decodes(data, read_header(data))


@pytest.mark.parametrize("default_image", [True, False])
def test_an_animated_png_decodes_to_its_default_image(default_image: bool) -> None:
    frames = [Image.fromarray(255 - COLOUR), Image.fromarray(picture(96, 160, 1))]
    data = encoded(IMAGE, "PNG", save_all=True, append_images=frames, default_image=default_image)
    assert b"acTL" in data
    assert np.array_equal(decode(data, "RGB").pixels, COLOUR)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_text_chunks_of_a_png_are_not_decompressed() -> None:
    """10 MB with ten thousand texts of 1 MB each when decompressed: OpenCV would allocate a gigabyte."""
    text = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(1_000_000)))
    png = encoded(IMAGE, "PNG")
    bomb = png[:33] + text * 10_000 + png[33:]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert np.array_equal(decode(bomb, "RGB").pixels, COLOUR)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("kind", [b"IDAT", b"PLTE", b"tEXt", b"IEND"])
@pytest.mark.parametrize("after", [b"", b"\x00" * 200])
def test_a_png_chunk_that_claims_to_be_longer_than_the_file_takes_no_memory(kind: bytes, after: bytes) -> None:
    """OpenCV would fill 4 GB with zeros."""
    png = encoded(IMAGE, "PNG")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DecodeError, match="cut off"):
        decode(png[:33] + struct.pack(">I", 2**32 - 16) + kind + after, "RGB")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_a_last_png_chunk_longer_than_the_file_takes_no_memory() -> None:
    png = encoded(IMAGE, "PNG")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DecodeError, match="cut off"):
        decode(png[:33] + chunk(b"IDAT", b"") * 100_001 + struct.pack(">I", 2**32 - 16) + b"IDAT", "RGB")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_damage_in_ancillary_png_chunks_is_ignored() -> None:
    png = encoded(IMAGE, "PNG")
    damaged = png[:33] + chunk(b"tEXt", b"Comment\x00hello")[:-1] + b"\x00" + png[33:]
    assert np.array_equal(decode(damaged, "RGB").pixels, COLOUR)
    with pytest.raises(DecodeError, match="damaged or cut off"):
        decode(png[:60] + bytes(4) + png[64:], "RGB")


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_with_two_sizes_does_not_bypass_the_pixel_limit(order: str) -> None:
    """A signed width comes first, which libtiff uses. A check that used the second one would see a small image."""
    huge = [(256, "i", [12_000]), (257, "i", [12_000])]
    lying = tiff_file(bytes(300), 10, 10, [8, 8, 8], RGB, *huge, order=order)
    assert read_header(lying).pixels == 144_000_000
    with pytest.raises(Exception, match="at most 100,000,000 are decoded"):
        decode(lying, "RGB")
    small = tiff_file(COLOUR.tobytes(), 99, 99, [8, 8, 8], RGB, (256, "i", [160]), (257, "i", [96]), order=order)
    assert np.array_equal(decode(small, "RGB").pixels, COLOUR)


@pytest.mark.processes
def test_opencv_itself_refuses_images_with_too_many_pixels() -> None:
    """The limit is a second line of defence, and has to be set before OpenCV is imported."""
    program = """
import darkroom_vision.imaging.decode
import cv2, numpy, struct
bmp = b"BM" + struct.pack("<IIIIiiHHIIIIII", 0, 0, 54, 40, 10_000, 10_001, 1, 24, 0, 0, 0, 0, 0, 0)
try:
    cv2.imdecode(numpy.frombuffer(bmp, numpy.uint8), cv2.IMREAD_COLOR)
except cv2.error as error:
    assert "CV_IO_MAX_IMAGE_PIXELS" in str(error), error
else:
    raise SystemExit("it would have been decoded")
"""
    subprocess.run([sys.executable, "-c", program], check=True, stderr=subprocess.DEVNULL)


def test_a_decoder_that_finds_another_size_than_the_header_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    png = encoded(IMAGE, "PNG")
    monkeypatch.setattr("darkroom_vision.imaging.opencv_decoder.cv2.imdecode", lambda *_: np.zeros((5, 5, 3), np.uint8))
    with pytest.raises(DecodeError, match="contradictory: 160 x 96 by its header, 5 x 5 for the decoder"):
        decode(png, "RGB")
