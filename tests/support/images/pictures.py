"""Generated pictures with known pixels, and two photographs."""

import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


def picture(height: int, width: int, seed: int = 0) -> Pixels:
    """Smooth blobs of colour, with small JPEG errors: uint8 (height, width, 3)."""
    small = np.random.default_rng(seed).integers(0, 256, (max(2, height // 16), max(2, width // 16), 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def photograph(name: str) -> Pixels:
    """`china.jpg` or `flower.jpg` of scikit-learn, which takes long to import: uint8 (427, 640, 3)."""
    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    return np.array(Image.open(Path(package.origin).parent / "datasets" / "images" / name))


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> Pixels:
    """Random pixels, which show every tap of a filter: uint8 (height, width, channels)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def encoded(image: Image.Image | Pixels, kind: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    data = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(data, kind, **options)
    return data.getvalue()


def with_orientation(pixels: Pixels, kind: str, orientation: int) -> bytes:
    """A file of `kind` with this EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, dict[str, Any]] = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}
    return encoded(pixels, kind, exif=exif if kind == "TIFF" else exif.tobytes(), **options.get(kind, {}))


def stored(upright: Pixels, orientation: int) -> Pixels:
    """The pixels that a file with this EXIF orientation stores, so that viewers show `upright`."""
    if orientation == 1:
        return upright
    # The inverse of `exif_transpose`: the same operation, or the opposite rotation.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return np.asarray(Image.fromarray(upright).transpose(undo[orientation]))


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Pillow's antialiased bilinear resize to `size` = (width, height): uint8 (h, w, c)."""
    image = Image.fromarray(pixels if pixels.shape[2] > 1 else pixels[..., 0])
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR)).reshape(size[1], size[0], pixels.shape[2])


def opened(data: bytes) -> Image.Image:
    """The file, opened with Pillow."""
    return Image.open(io.BytesIO(data))
