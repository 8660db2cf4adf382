"""The speed of decoding and preprocessing, compared with Pillow in the same run.

Each way converts the same file to 224 x 224 NCHW float32, normalised for ImageNet, on one core. Times are the CPU time
of the fastest round, so that other load has little effect; rely on the ratios. `difference` is the mean distance to
Pillow's antialiased result, in levels of 0..255.
"""

import argparse
import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_sample_image

from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.framing import Framing
from darkroom_vision.imaging.opencv import configure_opencv
from darkroom_vision.model.extra_inputs import ExtraInputs
from darkroom_vision.model.input import ResolvedInput
from darkroom_vision.preprocess import Preprocessor

SIZE = (224, 224)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Tensor = npt.NDArray[np.float32]
Way = Callable[[bytes], Tensor]


@dataclass(frozen=True)
class Row:
    """One way on one file."""

    file: str
    way: str
    images_per_s: float
    ratio_to_pillow: float
    difference: float


def by_pillow(data: bytes, *, draft: bool = False) -> Tensor:
    """The usual way: Pillow and NumPy."""
    image = Image.open(io.BytesIO(data))
    if draft:
        image.draft("RGB", SIZE)
    pixels = np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.BILINEAR))
    normalised = (pixels / np.float32(255) - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def by_darkroom(mode: str) -> Way:
    """The worker's way, in one of its two modes."""
    preprocessor = Preprocessor.of(
        ResolvedInput(
            name="image",
            framing=Framing(*SIZE),
            channels=3,
            layout="NCHW",
            dtype="Float32",
            scale=1 / 255,
            mean=MEAN,
            std=STD,
            pad=(0, 0, 0),
            interpolation="Bilinear",
            antialias=True,
            colors="RGB",
            preprocessing="Fast" if mode == "Fast" else "Exact",
            form="Batch",
            extra=ExtraInputs({}, ()),
        )
    )
    target = preprocessor.empty_input(SIZE)

    def run(data: bytes) -> Tensor:
        decoded = decode(data, preprocessor.colors, preprocessor.decoder_shrink)
        preprocessor.write(decoded.pixels, preprocessor.fit((decoded.width, decoded.height)), target)
        return np.array(target, np.float32)

    return run


WAYS: dict[str, Way] = {
    "Pillow": by_pillow,
    "Pillow, draft": lambda data: by_pillow(data, draft=True),
    "Darkroom Exact": by_darkroom("Exact"),
    "Darkroom Fast": by_darkroom("Fast"),
}


def files() -> dict[str, bytes]:
    """Typical photos: small, from a phone, lossless."""
    photo = Image.fromarray(load_sample_image("china.jpg"))
    kinds = {
        "JPEG 640 x 480": ((640, 480), "JPEG", {"quality": 90}),
        "JPEG 1920 x 1080": ((1920, 1080), "JPEG", {"quality": 90}),
        "JPEG 4000 x 3000": ((4000, 3000), "JPEG", {"quality": 90}),
        "PNG 640 x 480": ((640, 480), "PNG", {}),
        "WebP 640 x 480": ((640, 480), "WEBP", {"quality": 90}),
    }
    made = {}
    for name, (size, kind, options) in kinds.items():
        data = io.BytesIO()
        photo.resize(size, Image.Resampling.BICUBIC).save(data, kind, **options)
        made[name] = data.getvalue()
    return made


def seconds(way: Way, data: bytes, budget_s: float) -> float:
    """CPU time of one image in the fastest of five rounds."""
    started = time.thread_time()
    way(data)
    count = max(1, int(budget_s / 5 / max(1e-5, time.thread_time() - started)))
    rounds = []
    for _ in range(5):
        started = time.thread_time()
        for _ in range(count):
            way(data)
        rounds.append((time.thread_time() - started) / count)
    return min(rounds)


def measure(budget_s: float) -> list[Row]:
    """All ways on all files."""
    rows = []
    for name, data in files().items():
        reference = by_pillow(data)
        pillow_s = seconds(by_pillow, data, budget_s)
        for way_name, way in WAYS.items():
            took_s = pillow_s if way is by_pillow else seconds(way, data, budget_s)
            levels = np.abs(way(data) - reference) * np.array(STD, np.float32)[:, None, None] * 255
            rows.append(Row(name, way_name, 1 / took_s, pillow_s / took_s, float(levels.mean())))
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU time for each way and file (default: 1)")
    arguments = parser.parse_args()
    configure_opencv()
    rows = measure(arguments.seconds)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{'file':18} {'way':16} {'images/s':>9} {'x Pillow':>9} {'difference':>11}")
    for row in rows:
        print(f"{row.file:18} {row.way:16} {row.images_per_s:9.0f} {row.ratio_to_pillow:9.2f} {row.difference:11.2f}")


if __name__ == "__main__":
    main()
