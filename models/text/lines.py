"""Pictures of lines of text: random lines in free fonts, distorted as photographs and scans are."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SYMBOLS = "!\"#$%&'()*+,-./:;=?@_"
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" + SYMBOLS
"""All but the space."""
HEIGHT = 32
LONGEST = 28
"""Characters of a line."""
FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Italic"),
    *("LiberationMono-Regular", "LiberationSans-Regular", "LiberationSans-Bold", "LiberationSans-Italic"),
    *("LiberationSerif-Regular", "LiberationSerif-Bold", "LiberationSerif-Italic"),
    *("Lato-Regular", "Lato-Bold", "Lato-Italic", "Lato-Light"),
    *("Roboto-Regular", "Roboto-Medium", "Roboto-Italic", "OpenSans-Regular", "OpenSans-Semibold", "OpenSans-Italic"),
    *(
        "C059-Roman",
        "C059-Italic",
        "P052-Roman",
        "P052-Bold",
        "NimbusMonoPS-Bold",
        "URWBookman-Light",
        "URWGothic-Book",
    ),
    *("LinLibertine_R", "LinLibertine_RB", "LinBiolinum_R"),
)
HELD_OUT_FONTS = ("Carlito-Regular", "Carlito-Bold", "Caladea-Regular", "Caladea-Italic", "Courier Prime")
"""Families of which no font is used for training: a sans serif, a serif and a monospaced one."""

_HELD_OUT_WORDS = 10
"""One word in so many is held out."""
_SIZES = (20, 64)
_MOST_TURN, _MOST_RISE = 3.0, 0.25
"""In degrees; from one end of the line to the other, as a fraction of its height."""


def load_fonts(root: Path, names: Sequence[str]) -> list[Path]:
    """The files of the fonts `names` below `root`, where the packages are unpacked."""
    files = {file.stem: file for file in sorted((root / "usr/share/fonts").rglob("*.?tf"))}
    return [files[name] for name in names]


def load_words(root: Path) -> tuple[list[str], list[str]]:
    """(training, held-out) words of the package `wamerican`."""
    words = (root / "usr/share/dict/american-english").read_text(encoding="utf-8").split()
    words = [word for word in words if word.isascii() and len(word) <= 12 and not word.endswith("'s")]
    held_out = [word for word in words if zlib.crc32(word.encode()) % _HELD_OUT_WORDS == 0]
    return sorted(set(words) - set(held_out)), held_out


def random_text(words: Sequence[str], rng: np.random.Generator) -> str:
    """One to four words, or a price, date, number, code or address."""
    kind = rng.random()
    if kind < 0.55:
        text = _phrase(words, rng)
    elif kind < 0.65:
        currency = ("$", "EUR ", "", "USD ")[rng.integers(4)]
        text = f"{_phrase(words, rng, 1)} {currency}{rng.integers(1, 2000)}.{rng.integers(100):02}"
    elif kind < 0.72:
        day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1950, 2040)
        text = (f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}", f"{month}/{day}/{year}")[rng.integers(3)]
        text += f" {rng.integers(24):02}:{rng.integers(60):02}" if rng.random() < 0.5 else ""
    elif kind < 0.80:
        text = f"{rng.integers(10 ** int(rng.integers(2, 9)))}" + ("", "%", " kg", " mm", "-B")[rng.integers(5)]
    elif kind < 0.85:
        text = f"{_phrase(words, rng, 1).lower()}@{_phrase(words, rng, 1).lower()}.org"
    else:
        characters = CHARACTERS + "0123456789" * 2 + "  "
        text = "".join(characters[i] for i in rng.integers(len(characters), size=rng.integers(4, 15)))
    return " ".join("".join(c for c in text if c in CHARACTERS + " ").split())[:LONGEST].strip() or "0"


def _phrase(words: Sequence[str], rng: np.random.Generator, most: int = 4) -> str:
    text = " ".join(words[i] for i in rng.integers(len(words), size=rng.integers(1, most + 1)))
    style = rng.random()
    text = text.upper() if style < 0.2 else text.capitalize() if style < 0.5 else text
    return text + ("", "", "", ".", ",", ":", "?", "!")[rng.integers(8)]


def picture(text: str, font: Path, rng: np.random.Generator) -> Image.Image:
    """`text` as an RGB picture of any height: colours, margins, a small turn, blur, noise and JPEG are random."""
    drawn = ImageFont.truetype(str(font), int(rng.integers(*_SIZES)))
    left, top, right, bottom = drawn.getbbox(text)
    size = drawn.size
    margin = [int(size * rng.uniform(0.02, 0.35)) for _ in range(4)]
    width, height = right - left + margin[0] + margin[2], bottom - top + margin[1] + margin[3]
    height = max(height, round(0.7 * size))
    mask = Image.new("L", (int(width), int(height)))
    ImageDraw.Draw(mask).text((margin[0] - left, margin[1] - top), text, fill=255, font=drawn)
    most_turn = min(_MOST_TURN, np.rad2deg(_MOST_RISE * mask.height / mask.width))
    mask = mask.rotate(rng.uniform(-most_turn, most_turn), Image.Resampling.BICUBIC)
    alpha = np.asarray(mask, np.float32)[..., None] / 255
    paper, ink = _colors(rng)
    ground = np.broadcast_to(paper, (*alpha.shape[:2], 3)) + _shade(alpha.shape[:2], rng)
    pixels = ground * (1 - alpha) + ink * alpha
    if rng.random() < 0.5:
        pixels = cv2.GaussianBlur(pixels, (0, 0), float(size) * rng.uniform(0.005, 0.04))
    pixels = pixels + rng.normal(0, rng.uniform(0, 12), pixels.shape)
    image = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return Image.fromarray(image)


def _colors(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Colours of paper and ink (3,), 0 to 255, dark on light or, more rarely, light on dark."""
    light, dark = rng.uniform(150, 255) + rng.uniform(-25, 25, 3), rng.uniform(0, 80) + rng.uniform(-25, 40, 3)
    paper, ink = (light, dark) if rng.random() < 0.75 else (dark, light)
    return paper.astype(np.float32), ink.astype(np.float32)


def _shade(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Uneven light (h, w, 1): a gradient over the line."""
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    return (x * rng.uniform(-30, 30) + y * rng.uniform(-20, 20)).astype(np.float32)[..., None]


def model_input(image: Image.Image) -> np.ndarray:
    """uint8 (HEIGHT, w, 3) BGR, resized like the worker does with the preset PaddleOcr."""
    width = max(1, int(np.ceil(HEIGHT * image.width / image.height)))
    pixels = np.ascontiguousarray(np.asarray(image)[..., ::-1])
    return cv2.resize(pixels, (width, HEIGHT), interpolation=cv2.INTER_LINEAR)
