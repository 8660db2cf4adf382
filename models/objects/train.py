"""Train the detector of objects and write `objects.onnx`.

Debian's packages of pictures are unpacked into a folder first, here `pictures`:

    apt-get download tuxpaint-stamps-default mate-backgrounds lomiri-wallpapers-16.04
    for package in *.deb; do dpkg -x $package pictures; done
    uv run --with torch==2.15.0 python -m models.objects.train pictures

Training takes about twelve minutes on one core. `python -m models.objects.publish` writes the other files.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.objects.loss import detection_loss
from models.objects.network import STRIDES, Detector, Exported
from models.objects.pictures import LABELS, Pictures, load_pictures
from models.objects.scenes import compose
from models.objects.textures import more_backgrounds
from models.onnx_file import write_model

SIDE = 192
PAD = 114
"""The value of the border around scenes that are not square, as in Ultralytics' letterbox."""
SHAPES = ((192, 192), (192, 144), (144, 192), (192, 128), (128, 192))
SCENES = 6000
EPOCHS = 13
BATCH = 16
LEARNING_RATE = 3e-3

Objects = tuple[Tensor, Tensor]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="the folder where the packages are unpacked")
    parser.add_argument("--scenes", type=int, default=SCENES)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    here = Path(__file__).parent
    parser.add_argument("--output", type=Path, default=here / "objects.onnx")
    arguments = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    pictures, _ = load_pictures(arguments.pictures)
    pictures = replace(pictures, backgrounds=[*pictures.backgrounds, *more_backgrounds(pictures.backgrounds, 3, 32)])
    images, objects = scenes(pictures, arguments.scenes, np.random.default_rng(7))
    detector = train(Detector(len(LABELS), SIDE), images, objects, arguments.epochs)
    export(detector.eval(), arguments.output)


def scenes(pictures: Pictures, count: int, rng: np.random.Generator) -> tuple[Tensor, list[Objects]]:
    """Images uint8 (count, 3, SIDE, SIDE), and the boxes and classes of their objects."""
    images = np.full((count, SIDE, SIDE, 3), PAD, np.uint8)
    objects = []
    for i in range(count):
        width, height = SHAPES[rng.integers(len(SHAPES))]
        x, y = (SIDE - width) // 2, (SIDE - height) // 2
        scene = compose(pictures, (width, height), rng)
        images[i, y : y + height, x : x + width] = np.asarray(scene.image)
        objects.append((torch.from_numpy(scene.boxes + np.array((x, y, x, y))).float(), torch.from_numpy(scene.labels)))
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), objects


def train(detector: Detector, images: Tensor, objects: list[Objects], epochs: int) -> Detector:
    """Train with AdamW and one cycle of the learning rate. Returns a detector with weights averaged over steps."""
    detector = detector.train().to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        detector, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    steps = len(images) // BATCH
    optimizer = torch.optim.AdamW(detector.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, epochs=epochs, steps_per_epoch=steps, pct_start=0.1
    )
    began = time.monotonic()
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images))[: steps * BATCH].split(BATCH):
            pixels, found = augmented(images[batch], [objects[i] for i in batch.tolist()])
            boxes, logits = detector(pixels.contiguous(memory_format=torch.channels_last))
            loss = detection_loss(boxes, logits, (detector.centers, detector.strides), found)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(detector.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            average.update_parameters(detector)
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / steps:.3f}, {time.monotonic() - began:.0f} s", flush=True)
    return average.module


def augmented(images: Tensor, objects: list[Objects]) -> tuple[Tensor, list[Objects]]:
    """Images (N, 3, h, w) from 0 to 1, each mirrored by chance, with other colours, noise, and covered parts."""
    pixels = images.float() / 255
    count = len(pixels)
    grey = 0.8 * torch.rand(count, 1, 1).square()
    mixing = (1 - grey) * torch.eye(3) + grey / 3 + 0.1 * torch.randn(count, 3, 3)
    pixels = torch.einsum("noc,nchw->nohw", mixing * (0.7 + 0.6 * torch.rand(count, 1, 1)), pixels)
    pixels = (pixels + 0.02 * torch.randn_like(pixels)).clamp(0, 1)
    found = []
    for i, (boxes, labels) in enumerate(objects):
        if torch.rand(()) < 0.5:
            pixels[i] = pixels[i].flip(2)
            boxes = torch.stack([SIDE - boxes[:, 2], boxes[:, 1], SIDE - boxes[:, 0], boxes[:, 3]], 1)  # noqa: PLW2901
        if torch.rand(()) < 0.5:
            x, y, width, height = (torch.rand(4) * torch.tensor((SIDE - 20, SIDE - 20, 30, 30)) + 10).int().tolist()
            pixels[i, :, y : y + height, x : x + width] = torch.rand(3, 1, 1)
        found.append((boxes, labels))
    return pixels, found


def export(detector: Detector, file: Path) -> None:
    """Write the ONNX file, with the metadata that Ultralytics' exporter writes."""
    metadata = {
        "task": "detect",
        "names": repr(dict(enumerate(LABELS))),
        "stride": str(max(STRIDES)),
        "imgsz": repr([SIDE, SIDE]),
    }
    example = torch.zeros(1, 3, SIDE, SIDE)
    write_model(Exported(detector).eval(), example, ("images", "output0"), {}, metadata, file)


if __name__ == "__main__":
    main()
