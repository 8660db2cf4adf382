"""Thumbnails are WebP files of the right size, upright."""

import io

import numpy as np
import pytest
from PIL import Image

from darkroom.image_header import NotAnImage
from darkroom_ingestion.thumbnails.render import thumbnail
from darkroom_vision.failures import DecodeError, TooManyPixels
from tests.support.images.pictures import encoded, picture, with_orientation


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "WEBP"
    return image


@pytest.mark.parametrize(
    ("width", "height", "size", "expected"),
    [(960, 540, 320, (320, 180)), (540, 960, 160, (90, 160)), (100, 50, 320, (100, 50)), (2000, 3, 160, (160, 1))],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_longer_side_has_the_size_unless_the_image_is_smaller(
    kind: str, width: int, height: int, size: int, expected: tuple[int, int]
) -> None:
    file = encoded(Image.fromarray(picture(height, width)), kind)

    assert opened(thumbnail(file, size)).size == expected


def test_the_thumbnail_looks_like_the_image() -> None:
    image = Image.fromarray(picture(240, 320)).resize((640, 480), Image.Resampling.BICUBIC)
    made = np.asarray(opened(thumbnail(encoded(image, "PNG"), 160)).convert("RGB"), float)
    wanted = np.asarray(image.resize((160, 120), Image.Resampling.BOX), float)

    assert np.abs(made - wanted).mean() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_thumbnail_is_upright(orientation: int) -> None:
    """The left half of the stored image is red. Where that is in the upright one, the orientation says."""
    stored = Image.new("RGB", (320, 160), "blue")
    stored.paste("red", (0, 0, 160, 160))
    made = opened(thumbnail(with_orientation(np.asarray(stored), "JPEG", orientation), 160)).convert("RGB")
    width, height = made.size
    red_at = {1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}[orientation]
    x, y = {
        "left": (width // 4, height // 2),
        "right": (3 * width // 4, height // 2),
        "top": (width // 2, height // 4),
        "bottom": (width // 2, 3 * height // 4),
    }[red_at]
    pixel = made.getpixel((x, y))

    assert (width > height) == (orientation < 5)
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200
    assert pixel[2] < 60


def test_a_file_without_pixels_has_no_thumbnail() -> None:
    whole = encoded(Image.fromarray(picture(96, 160)), "PNG")

    with pytest.raises(NotAnImage):
        thumbnail(b"<svg xmlns='http://www.w3.org/2000/svg'/>", 160)
    with pytest.raises(DecodeError):
        thumbnail(whole[: len(whole) // 2], 160)


def test_a_file_that_needs_too_much_memory_is_refused_by_its_header() -> None:
    header = bytearray(encoded(Image.fromarray(picture(8, 8)), "PNG"))
    header[16:24] = (6_000).to_bytes(4, "big") * 2

    with pytest.raises(TooManyPixels, match="36,000,000 pixels"):
        thumbnail(bytes(header), 160)
