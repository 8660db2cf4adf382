"""Decoding all other files with Pillow: slower, but correct for kinds that the fast decoders refuse or get wrong.

HEIC needs the extra `heic` (pi-heif).
"""

import io
import warnings
from typing import Final, cast

import numpy as np
import numpy.typing as npt
from PIL import AvifImagePlugin, Image, ImageCms

from darkroom.image_header import MAX_PIXELS, NAMES, Format, ImageHeader, tiff
from darkroom.image_header.boxes import boxes
from darkroom_vision.failures import DecodeError, ImageError, TooManyPixels
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.imaging.pixels import Colors, Pixels

try:
    import pi_heif
except ImportError:
    pi_heif = None

_NAMES: Final[dict[Format, str]] = {
    "png": "PNG",
    "webp": "WEBP",
    "bmp": "BMP",
    "tiff": "TIFF",
    "gif": "GIF",
    "avif": "AVIF",
    "heic": "HEIF",
    "jp2": "JPEG2000",
    "pnm": "PPM",
}
_BITS_PER_SAMPLE = 258
_BAND_PIXELS = 1 << 20
_ALPHA_OVER_BLACK = {"RGBA": "RGBa", "LA": "La", "PA": "RGBa"}
_WITHOUT_ALPHA = {"RGBA": "RGB", "RGBa": "RGB", "RGBX": "RGB", "LA": "L", "La": "L"}

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", module=r"PIL\.")  # damage is reported as a DecodeError
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a worker runs its loops in parallel
if pi_heif is not None:
    pi_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)


def decode_with_pillow(data: bytes, header: ImageHeader, expected: Size, colors: Colors) -> Pixels:
    """The pixels of the first frame, uint8 (h, w, c): as stored, but upright for HEIC.

    Args:
        data: content of the file.
        header: the parsed header of the file.
        expected: the size (width, height) that Pillow has to find; checked before decoding.
        colors: order of the channels, or GRAY.

    Raises:
        TooManyPixels: Pillow finds more pixels than a worker decodes.
        DecodeError: the file cannot be decoded; has Pillow's message.
    """
    name = NAMES[header.format]
    if header.format == "heic" and pi_heif is None:
        raise DecodeError("this worker cannot decode HEIC: install darkroom-vision[heic]")
    try:
        data = _without_metadata(data) if header.format == "heic" else data
        with Image.open(io.BytesIO(data), formats=[_NAMES[header.format]]) as image:
            _check_size(image.size, expected, name, cropped=header.format == "heic")
            image.getexif().pop(tiff.ORIENTATION, None)  # Pillow would apply it to TIFF
            image.load()
            return _as_pixels(image, data, header.format, colors)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # Pillow raises many types of exceptions for damaged files
        raise DecodeError(f"the {name} file cannot be decoded: {error or type(error).__name__}") from error


def _without_metadata(data: bytes) -> bytes:
    """The HEIC file with metadata items detached: pi-heif 1.4 crashes on a metadata item of unknown type."""
    for box in boxes(data, 0, len(data)):
        if box.kind == b"meta":
            data = data[: box.start] + data[box.start : box.end].replace(b"cdsc", b"free") + data[box.end :]
    return data


def _check_size(found: Size, expected: Size, name: str, *, cropped: bool) -> None:
    if found[0] * found[1] > MAX_PIXELS:
        raise TooManyPixels(f"the image is {found[0]} x {found[1]}: at most {MAX_PIXELS:,} pixels are decoded")
    if found != expected and not cropped:
        raise DecodeError(
            f"the {name} file is contradictory: {expected[0]} x {expected[1]} by its header, "
            f"{found[0]} x {found[1]} for the decoder"
        )


def _as_pixels(image: Image.Image, data: bytes, kind: Format, colors: Colors) -> Pixels:
    """Convert band by band of rows, so that a large image is not in memory in several modes at once."""
    if image.mode == "F" or (image.mode == "I" and kind != "pnm"):
        raise ValueError("its samples have 32 bits, and nothing says which value is white")
    excess_bits = _bits(data) - 8 if kind == "tiff" else 8
    width, height = image.size
    pixels = np.empty((height, width, 1 if colors == "GRAY" else 3), np.uint8)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(height, top + rows)))
        if band.mode == "I" or band.mode.startswith("I;16"):
            samples = cast("npt.NDArray[np.int32 | np.uint16]", np.asarray(band))
            band = Image.fromarray((samples >> excess_bits).astype(np.uint8))
        pixels[top : top + rows] = _without_alpha(band, kind, colors)
    return pixels


def _bits(data: bytes) -> int:
    (bits, *_) = tiff.first_directory(data).numbers(_BITS_PER_SAMPLE) or (1,)
    return bits


def _without_alpha(band: Image.Image, kind: Format, colors: Colors) -> Pixels:
    """uint8 (h, w, c) without transparency: dropped, or for TIFF composited over black."""
    if kind == "tiff" and band.mode in _ALPHA_OVER_BLACK:
        band = band.convert(_ALPHA_OVER_BLACK[band.mode])
    if band.mode in _WITHOUT_ALPHA:
        band = Image.merge(_WITHOUT_ALPHA[band.mode], band.split()[: len(_WITHOUT_ALPHA[band.mode])])
    if band.mode == "LAB":
        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        band = cast("Image.Image", ImageCms.profileToProfile(band, lab, rgb, outputMode="RGB"))
    if colors == "GRAY":
        return np.asarray(band if band.mode == "L" else band.convert("RGB").convert("L"))[..., None]
    pixels = np.asarray(band.convert("RGB"))
    return pixels[..., ::-1] if colors == "BGR" else pixels
