"""The images of the benchmark: sample digits as they are, and as large as photographs."""

from pathlib import Path

import cv2
import numpy as np

_SAMPLES = Path(__file__).parents[2] / "k8s" / "samples" / "digits"
_PHOTOGRAPHS = 16


def samples() -> list[bytes]:
    """The sample digits that are JPEG files, 28 x 28 pixels."""
    return [file.read_bytes() for file in sorted(_SAMPLES.glob("*.jpg"))]


def photographs() -> list[bytes]:
    """Samples with the size and the noise of photographs: 640 x 480 pixels, about 35 KB."""
    noise = np.random.default_rng(0)
    images = []
    for sample in samples()[:_PHOTOGRAPHS]:
        picture = cv2.resize(np.asarray(cv2.imdecode(np.frombuffer(sample, np.uint8), cv2.IMREAD_COLOR)), (640, 480))
        noisy = np.clip(picture + noise.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)
        images.append(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    return images


def read_images(folder: Path) -> list[bytes]:
    """The files of a folder, in the order of their names."""
    return [file.read_bytes() for file in sorted(folder.iterdir())]


def write_images(images: list[bytes], folder: Path) -> Path:
    """Write one file per image, for the programs that are measured. Returns the folder."""
    folder.mkdir()
    for number, image in enumerate(images):
        (folder / f"{number:04}.jpg").write_bytes(image)
    return folder
