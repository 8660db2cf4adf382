"""The pictures that scenes are composed of, from two Debian packages, and which of them are held out.

`tuxpaint-stamps-default` has photographs of single objects with a transparent background, `mate-backgrounds` has
photographs of landscapes and textures. Both are under GPL-2.0-or-later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SEED = 2022
HELD_OUT_SHARE = 0.25
"""Of the pictures of each class."""
LARGEST_SIDE = 512

_STAMPS = Path("usr/share/tuxpaint/stamps")
_BACKGROUNDS = Path("usr/share/backgrounds")
_CLASSES = {
    "animal": (
        "animals/birds/*.png",
        "animals/mammals/*.png",
        "animals/mammals/*/*.png",
        "animals/marsupials/*.png",
    ),
    "flower": ("plants/flowers/*.png", "plants/flowers/plastic/*.png"),
    "fruit": ("food/fruit/*.png",),
    "vehicle": (
        *(f"vehicles/{kind}/*.png" for kind in ("auto", "construction", "emergency", "masstransit", "race")),
        "vehicles/garbagetruck.png",
    ),
}
LABELS = tuple(_CLASSES)
_LEFT_OUT = (
    *("hedgehog", "echidna"),  # drawings
    *("dolphin", "orca", "whale"),  # like no other animal
    *("dumper_mirror", "sedan_police", "sedan_police_mirror"),  # mirrored, or with transparent doors
)

_TRAINING_BACKGROUNDS = (
    *(f"mate/nature/{name}.jpg" for name in ("Aqua", "Blinds", "RainDrops", "Wood")),
    *(f"{name}_by_Aitzol_Berasategi.jpg" for name in ("aitzgorri", "life", "picosdeeuropa", "sunset")),
)
_HELD_OUT_BACKGROUNDS = tuple(f"mate/nature/{name}.jpg" for name in ("Dune", "GreenMeadow", "Storm"))


@dataclass(frozen=True)
class Stamp:
    """A picture of one object.

    Attributes:
        image: RGBA, cut to what is not transparent.
        label: index in LABELS.
    """

    name: str
    image: Image.Image
    label: int


@dataclass(frozen=True)
class Pictures:
    """Material for scenes: stamps by class, and backgrounds (RGB)."""

    stamps: Sequence[Sequence[Stamp]]
    backgrounds: Sequence[Image.Image]


def load_pictures(root: Path) -> tuple[Pictures, Pictures]:
    """(training, held-out) pictures below `root`, where the packages are unpacked."""
    rng = np.random.default_rng(SEED)
    training, held_out = [], []
    for label, patterns in enumerate(_CLASSES.values()):
        files = sorted(file for pattern in patterns for file in (root / _STAMPS).glob(pattern))
        stamps = [_stamp(file, label) for file in files if file.stem not in _LEFT_OUT]
        stamps = [stamps[i] for i in rng.permutation(len(stamps))]
        count = round(len(stamps) * HELD_OUT_SHARE)
        held_out.append(stamps[:count])
        training.append(stamps[count:])
    return (
        Pictures(training, [_background(root, name) for name in _TRAINING_BACKGROUNDS]),
        Pictures(held_out, [_background(root, name) for name in _HELD_OUT_BACKGROUNDS]),
    )


def _stamp(file: Path, label: int) -> Stamp:
    image = Image.open(file).convert("RGBA")
    image = image.crop(image.getchannel("A").point(lambda alpha: 255 * (alpha > 32)).getbbox())
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return Stamp(file.stem, image, label)


def _background(root: Path, name: str) -> Image.Image:
    image = Image.open(root / _BACKGROUNDS / name).convert("RGB")
    image.thumbnail((1600, 1600))
    return image
