"""Scenes: stamps on a background, with the box and the class of each."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from models.objects.pictures import LABELS, Pictures

MOST_OBJECTS = 4
SMALLEST, LARGEST = 0.35, 0.75
"""Of an object's longer side, as a fraction of the scene's shorter side."""
_TRIES = 12
_MOST_COVERED = 0.1
_LEAST_CROP = 0.45
_MOST_TURN = {"animal": 8, "flower": 180, "fruit": 40, "vehicle": 6}
"""In degrees."""
_SHARES = (0.4, 0.2, 0.2, 0.2)
"""Of the classes among objects: animals, of which there are most pictures, are twice as common."""
_MOST_STRETCH = 1.2


@dataclass(frozen=True)
class Scene:
    """A composed picture. `boxes` is float (n, 4): x1 y1 x2 y2 in pixels, `labels` int (n,): indexes in LABELS."""

    image: Image.Image
    boxes: np.ndarray
    labels: np.ndarray


def compose(pictures: Pictures, size: tuple[int, int], rng: np.random.Generator) -> Scene:
    """A scene of `size` (width, height) with 1 to MOST_OBJECTS objects, of which at most a small part is covered."""
    image = _backdrop(pictures, size, rng)
    boxes: list[tuple[int, int, int, int]] = []
    labels: list[int] = []
    for _ in range(int(rng.integers(1, MOST_OBJECTS + 1))):
        label = int(rng.choice(len(LABELS), p=_SHARES))
        stamp = pictures.stamps[label][rng.integers(len(pictures.stamps[label]))].image
        side = min(size) * SMALLEST * (LARGEST / SMALLEST) ** rng.random()
        stamp = _varied(stamp, side, _MOST_TURN[LABELS[label]], rng)
        if stamp.width > size[0] or stamp.height > size[1]:
            continue
        for _ in range(_TRIES):
            x = int(rng.integers(size[0] - stamp.width + 1))
            y = int(rng.integers(size[1] - stamp.height + 1))
            box = (x, y, x + stamp.width, y + stamp.height)
            if all(_covered(box, seen) < _MOST_COVERED for seen in boxes):
                _paste(image, stamp, (x, y), rng)
                boxes.append(box)
                labels.append(label)
                break
    return Scene(image, np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64))


def _backdrop(pictures: Pictures, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """A random part of a background, as large as it can be or smaller."""
    background = pictures.backgrounds[rng.integers(len(pictures.backgrounds))]
    fitting = min(background.width / size[0], background.height / size[1])
    fitting *= _LEAST_CROP + (1 - _LEAST_CROP) * rng.random()
    width, height = size[0] * fitting, size[1] * fitting
    x, y = rng.random() * (background.width - width), rng.random() * (background.height - height)
    part = background.resize(size, Image.Resampling.BILINEAR, (x, y, x + width, y + height))
    if rng.random() < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return ImageEnhance.Brightness(part).enhance(0.75 + 0.45 * rng.random())


def _varied(stamp: Image.Image, side: float, most_turn: float, rng: np.random.Generator) -> Image.Image:
    """The stamp changed at random in shape and colours, cut to its content, with a longer side of `side`."""
    if rng.random() < 0.5:
        stamp = stamp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if max(stamp.size) > 2 * side:
        stamp = stamp.copy()
        stamp.thumbnail((round(2 * side), round(2 * side)))
    stretch = _MOST_STRETCH ** rng.uniform(-1, 1)
    stamp = stamp.resize((max(8, round(stamp.width * stretch)), stamp.height))
    stamp = stamp.rotate(rng.uniform(-most_turn, most_turn), Image.Resampling.BILINEAR, expand=True)
    stamp = stamp.crop(stamp.getchannel("A").point(lambda alpha: 255 * (alpha > 64)).getbbox())
    scale = side / max(stamp.size)
    stamp = stamp.resize((max(8, round(stamp.width * scale)), max(8, round(stamp.height * scale))))
    alpha = stamp.getchannel("A")
    colors = ImageEnhance.Brightness(stamp.convert("RGB")).enhance(rng.uniform(0.75, 1.2))
    colors = ImageEnhance.Color(colors).enhance(rng.uniform(0.7, 1.2))
    colors.putalpha(alpha)
    return colors


def _paste(image: Image.Image, stamp: Image.Image, corner: tuple[int, int], rng: np.random.Generator) -> None:
    """Paste `stamp` with a soft shadow."""
    alpha = stamp.getchannel("A")
    spread = max(1, max(stamp.size) // 30)
    shadow = Image.new("L", image.size)
    shadow.paste(
        alpha.point(lambda value: value // 3), (corner[0] + int(rng.integers(-spread, spread + 1)), corner[1] + spread)
    )
    image.paste((0, 0, 0), (0, 0), shadow.filter(ImageFilter.BoxBlur(spread)))
    image.paste(stamp, corner, alpha)


def _covered(box: tuple[int, int, int, int], seen: tuple[int, int, int, int]) -> float:
    """The intersection of two boxes as a fraction of the smaller one."""
    width = min(box[2], seen[2]) - max(box[0], seen[0])
    height = min(box[3], seen[3]) - max(box[1], seen[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min((b[2] - b[0]) * (b[3] - b[1]) for b in (box, seen))
