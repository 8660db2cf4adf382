"""Measure `objects.onnx`, and write its card, the sample pictures and the manifest.

    uv run --with pycocotools python -m models.objects.publish pictures

`pictures` is the folder of `models/objects/train.py`. The pictures are rendered with the Pillow of this repository.
"""

import argparse
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from models.objects.evaluate import LEAST_OVERLAP, Precision, found_and_right, precision
from models.objects.pictures import LABELS, Pictures, load_pictures
from models.objects.scenes import LARGEST, MOST_OBJECTS, SMALLEST, Scene, compose
from models.sample import Sample, SelfTest, manifest, milliseconds

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "k8s" / "samples"
SHAPES = ((480, 360), (360, 480), (480, 480), (480, 320))
SCENES = 300
PUBLISHED = 12
UPRIGHT = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
"""How pixels are stored with each EXIF orientation."""
_ORIENTATION = 0x0112

COMMENT = "Finds objects. Their classes are in the model file."
THRESHOLD = 0.6
STAGE = f"""
- name: detect
  input: {{preset: Yolo}}
  output: {{type: Detection, format: YoloV8, threshold: {THRESHOLD}, iouThreshold: 0.5, classAgnostic: true}}
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="the folder where the packages are unpacked")
    training, held_out = load_pictures(parser.parse_args().pictures)
    file = HERE / "objects.onnx"
    for old in (SAMPLES / "objects").glob("*.jpg"):
        old.unlink()
    images = published(held_out)
    for name, image in images.items():
        (SAMPLES / "objects" / name).write_bytes(image)
    test = self_test(min(images.values(), key=len), Sample(STAGE, file))
    text = manifest("objects", COMMENT, STAGE, file.read_bytes(), test)
    (SAMPLES / "objects.yaml").write_text(text, encoding="utf-8")
    scenes = list(random_scenes(held_out, SCENES, np.random.default_rng(3)))
    sample = Sample(STAGE, file, threshold=0.001)
    analyses = [sample.analysis(jpeg(scene.image)) for scene in scenes]
    accuracy = (precision(scenes, analyses), *found_and_right(scenes, analyses, THRESHOLD))
    written = card(file.read_bytes(), training, held_out, accuracy, milliseconds(analyses))
    (HERE / "README.md").write_text(written, encoding="utf-8")
    print(written)


def random_scenes(pictures: Pictures, count: int, rng: np.random.Generator) -> Iterator[Scene]:
    """Scenes of several shapes."""
    for i in range(count):
        yield compose(pictures, SHAPES[i % len(SHAPES)], rng)


def jpeg(image: Image.Image, orientation: int = 1) -> bytes:
    """A JPEG file whose pixels are stored with an EXIF orientation."""
    if (turn := UPRIGHT[orientation]) is not None:
        image = image.transpose(turn)
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    data = io.BytesIO()
    image.save(data, "JPEG", quality=88, exif=exif)
    return data.getvalue()


def published(held_out: Pictures) -> dict[str, bytes]:
    """The first held-out scenes with at least two objects, by file name, which tells the classes in them."""
    scenes = random_scenes(held_out, 10 * PUBLISHED, np.random.default_rng(23))
    chosen = [scene for scene in scenes if len(scene.labels) > 1][:PUBLISHED]
    images = {}
    for i, scene in enumerate(chosen):
        labels = "-".join(sorted(LABELS[label] for label in scene.labels))
        images[f"scene-{i + 1:02}-{labels}.jpg"] = jpeg(scene.image, orientation=(1, 6, 1, 8, 1, 3)[i % 6])
    return images


def self_test(image: bytes, sample: Sample) -> SelfTest:
    """The self-test with the present answer for `image`."""
    predictions = [
        {
            "label": prediction["label"],
            "score": round(prediction["score"], 3),
            "box": {side: round(pixels) for side, pixels in prediction["box"].items()},
        }
        for prediction in sample.analysis(image).result["predictions"]
    ]
    return SelfTest(image, {"predictions": predictions})


def card(
    model: bytes, training: Pictures, held_out: Pictures, accuracy: tuple[Precision, float, float], timings: str
) -> str:
    """The model card, in Markdown."""
    found, objects_found, boxes_right = accuracy
    stamps = "\n".join(
        f"| {label} | {len(used)} | {len(kept)} | {found.of_labels[label]:.3f} |"
        for label, used, kept in zip(LABELS, training.stamps, held_out.stamps, strict=True)
    )
    return f"""\
# Model card: objects

A small detector of objects in composed scenes, with the classes {", ".join(LABELS)}. It is Darkroom's sample of a
detector: its file looks as Ultralytics exports one. `models/objects/train.py` trains it. `models/objects/publish.py`
measures it, and writes this file, the sample pictures and `k8s/samples/objects.yaml`. Another CPU or another version of
PyTorch gives slightly different weights.

| file | bytes | sha256 |
| --- | --- | --- |
| `objects.onnx` | {len(model):,} | `{hashlib.sha256(model).hexdigest()}` |

## Input and output
Input `images`: float32 (1, 3, 192, 192), RGB, 0 to 1, letterboxed (preset `Yolo`). Output `output0`: float32
(1, {4 + len(LABELS)}, 756), the v8 layout: centre, width and height in pixels of the input and a score for each class,
for each cell of grids with strides 8, 16 and 32. The metadata `names`, `task`, `stride` and `imgsz` let `darkroom init`
write a pipeline without a question.

A network of depthwise-separable convolutions with 130,000 weights, stored with 8 bits and computed in float32.

## Data
Scenes of 1 to {MOST_OBJECTS} photographs of single objects, mirrored, stretched, turned, scaled and with a shadow, in
front of photographs. The longer side of an object is {SMALLEST:.0%} to {LARGEST:.0%} of the shorter side of its scene.
For training there are also photographs with turned hues and computed noise as backgrounds.

| class | pictures for training | held-out pictures | AP50 on held-out scenes |
| --- | --- | --- | --- |
{stamps}

- Objects: Debian's `tuxpaint-stamps-default` 2022.06.04 (Tux Paint's stamps, Bill Kendrick and contributors,
  GPL-2.0-or-later).
- Backgrounds: {len(training.backgrounds)} for training and {len(held_out.backgrounds)} held out, from Debian's
  `mate-backgrounds` 1.26.0 (GPL-2.0-or-later) and, for training only, `lomiri-wallpapers-16.04` (pictures of Aitzol
  Berasategi, CC BY 4.0).

The held-out backgrounds are of Marco Cogoni and Hylke Bons (Dune), Timothy Schellhase and Lapo Calamandrei
(GreenMeadow), and Sergey Nazarov (Storm). **The pictures in `k8s/samples/objects`, of which `k8s/samples/objects.yaml`
holds one for the self-test, are composed of held-out ones. They are therefore under
[GPL-2.0-or-later](GPL-2.0.txt), unlike the rest of this repository.**

## Accuracy
On {SCENES} held-out scenes, whose objects and backgrounds were not used for training, by the worker's own code and
pycocotools: **mAP50 {found.at_50:.3f}, mAP50-95 {found.at_50_to_95:.3f}**.
At the sample's threshold of {THRESHOLD}, {objects_found:.0%} of the objects are found, and {boxes_right:.0%} of the
boxes are right: the right class, and an overlap of at least {LEAST_OVERLAP}.

Median time on one core shared with other programs: {timings}.

## Limits
Objects cut out and put on a background. Photographs taken as they are look different: expect many errors there.
"""


if __name__ == "__main__":
    main()
