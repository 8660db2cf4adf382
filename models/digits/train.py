"""Train the digits model and write everything that is made from it.

`python models/digits/train.py` writes two ONNX files (a classifier, and the same network cut before its last layer as
an embedding), their model card, sample images and `k8s/samples/digits.yaml`. The same bytes come out on every machine:
each matrix product multiplies numbers rounded to a power-of-two grid, so that its sum is exact in float64 and neither
the BLAS, its threads nor the CPU's vector width can change a bit.
"""

import argparse
import base64
import hashlib
import io
import itertools
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from dataset import (
    HELD_OUT_PER_LABEL,
    LABELS,
    POOLED,
    SAMPLE_WIDTH,
    SEED,
    WIDTH,
    Array,
    Digits,
    Pixels,
    augmented,
    model_input,
    on_grid,
    split_digits,
)
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from threadpoolctl import threadpool_limits

from darkroom_vision.model.onnx_runtime import onnxruntime

LAYERS = (POOLED * POOLED, 64, 32, len(LABELS))
SAMPLES_PER_LABEL = 10
EPOCHS = 12
BATCH = 128
LEARNING_RATE = 4e-3


@dataclass
class Parameter:
    """A weight or bias with the state of its Adam optimiser. All of it is elementwise, hence exact everywhere."""

    value: Array
    momentum: Array
    variance: Array

    @classmethod
    def starting_at(cls, value: Array) -> "Parameter":
        """A parameter which no step has moved yet."""
        return cls(value, np.zeros_like(value), np.zeros_like(value))

    def step(self, gradient: Array, number: int, rate: float) -> None:
        """One Adam step; `number` counts from 1."""
        self.momentum = 0.9 * self.momentum + 0.1 * gradient
        self.variance = 0.999 * self.variance + 0.001 * gradient * gradient
        mean = self.momentum / (1 - 0.9**number)
        spread = np.sqrt(self.variance / (1 - 0.999**number))
        self.value = self.value - rate * (mean / (spread + 1e-8) + 1e-2 * self.value)


def train(pixels: Array, labels: npt.NDArray[np.int64]) -> list[tuple[Array, Array]]:
    """Weights (in, out) and biases (out,) of each layer on a grid of 2**-16: ReLU between, softmax at the end."""
    rng = np.random.default_rng(SEED)
    layers = []
    for n_in, n_out in itertools.pairwise(LAYERS):
        bound = np.sqrt(6 / n_in)
        layers.append(
            (Parameter.starting_at(rng.uniform(-bound, bound, (n_in, n_out))), Parameter.starting_at(np.zeros(n_out)))
        )
    target = np.eye(len(LABELS))[labels]
    steps = len(pixels) // BATCH
    for epoch in range(EPOCHS):
        order = rng.permutation(len(pixels))
        for i in range(steps):
            batch = order[i * BATCH : (i + 1) * BATCH]
            number = epoch * steps + i + 1
            rate = LEARNING_RATE * (1 - number / (EPOCHS * steps + 1))
            for (weight, bias), (d_weight, d_bias) in zip(
                layers, gradients(layers, pixels[batch], target[batch]), strict=True
            ):
                weight.step(d_weight, number, rate)
                bias.step(d_bias, number, rate)
    return [(on_grid(weight.value, 16), on_grid(bias.value, 16)) for weight, bias in layers]


def gradients(layers: list[tuple[Parameter, Parameter]], pixels: Array, target: Array) -> list[tuple[Array, Array]]:
    """Of the mean cross-entropy, for each layer's weight and bias. Every factor of a product is on a grid."""
    weights = [on_grid(weight.value, 16) for weight, _ in layers]
    seen = [pixels]
    for weight, (_, bias) in zip(weights[:-1], layers, strict=False):
        seen.append(on_grid(np.maximum(seen[-1] @ weight + bias.value, 0), 12))
    logits = seen[-1] @ weights[-1] + layers[-1][1].value
    exponentials = on_grid(np.exp(logits - logits.max(axis=1, keepdims=True)), 16)
    error = on_grid((exponentials / exponentials.sum(axis=1, keepdims=True) - target) / BATCH, 24)
    found: list[tuple[Array, Array]] = []
    for i in reversed(range(len(layers))):
        found.append((seen[i].T @ error, error.sum(axis=0)))
        error = on_grid((error @ weights[i].T) * (seen[i] > 0), 24)
    return found[::-1]


def onnx_file(layers: list[tuple[Array, Array]], *, embedding: bool) -> bytes:
    """The network as an ONNX file: NCHW float32 (N, 1, 28, 28) in 0..1 -> `logits` (N, 10) or `embedding` (N, 32)."""
    nodes = [
        helper.make_node("AveragePool", ["image"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["hidden0"]),
    ]
    weights = []
    kept = layers[:-1] if embedding else layers
    for i, (weight, bias) in enumerate(kept):
        for name, values in ((f"weight{i}", weight), (f"bias{i}", bias)):
            weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        last = i == len(layers) - 1
        inputs = [f"hidden{i}", f"weight{i}", f"bias{i}"]
        nodes.append(helper.make_node("Gemm", inputs, ["logits" if last else f"sum{i}"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"sum{i}"], [f"hidden{i + 1}"]))
    output, size = ("embedding", LAYERS[-2]) if embedding else ("logits", LAYERS[-1])
    if embedding:
        nodes.append(helper.make_node("LpNormalization", [f"hidden{len(kept)}"], [output], axis=1, p=2))
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, WIDTH, WIDTH])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", size])],
        weights,
    )
    model = helper.make_model(
        graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)], producer_name="darkroom-digits"
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def run(model: bytes, images: Pixels) -> npt.NDArray[np.float32]:
    """The model's output (n, size) for uint8 images (n, 64, 64)."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": model_input(images)})[0])


def model_card(classifier: bytes, embedder: bytes, training: Digits, held_out: Digits) -> str:
    """Markdown: the data, the accuracy on the held-out split, the files' sha256."""
    right = int((run(classifier, held_out.images).argmax(axis=1) == held_out.labels).sum())
    nearest = (run(embedder, held_out.images) @ run(embedder, training.images).T).argmax(axis=1)
    alike = int((training.labels[nearest] == held_out.labels).sum())
    total = len(held_out.labels)
    layers = " - ".join(str(n) for n in LAYERS)
    rows = "\n".join(
        f"| `{name}` | {len(data):,} | `{hashlib.sha256(data).hexdigest()}` |"
        for name, data in (("digits.onnx", classifier), ("digits-embed.onnx", embedder))
    )
    return f"""\
# Model card: digits

A small network that reads a handwritten digit. It is Darkroom's sample model: large enough to be right, small enough
for a ConfigMap. This file is written by `python models/digits/train.py`, which makes the models, the sample images and
`k8s/samples/digits.yaml` as well, with the same bytes on every run.

| file | bytes | sha256 |
| --- | --- | --- |
{rows}

## Input and output
Input `image`: NCHW float32 (N, 1, {WIDTH}, {WIDTH}), grey, white ink on black, pixels / 255.
- `digits.onnx`: `logits` (N, 10) for the digits 0 to 9; softmax makes probabilities of them.
- `digits-embed.onnx`: the same network without its last layer: `embedding` (N, {LAYERS[-2]}), of length 1, so that the
  dot product of two is their cosine similarity.

Layers: mean of 2 x 2 pixels, then {layers} fully connected with ReLU.

## Data
The 1,797 digits (8 x 8 pixels, 16 greys) of `sklearn.datasets.load_digits`, which are the test part of *Optical
Recognition of Handwritten Digits* (E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, 1998, CC BY 4.0). They are
enlarged to {SAMPLE_WIDTH} x {SAMPLE_WIDTH} (bicubic), then brought to {WIDTH} x {WIDTH} as the worker does.
{len(training.labels):,} train the network, as they are and moved by half an original pixel to each side.
{total} ({HELD_OUT_PER_LABEL} of each label, chosen at random) are held out, and the {SAMPLES_PER_LABEL * 10} images in
`k8s/samples/digits` are among these.

## Accuracy on the held-out digits
- Classification: {right} of {total} right ({right / total:.1%}).
- Embedding: the nearest training image by cosine shows the same digit for {alike} of {total} ({alike / total:.1%}).

## Limits
Digits only, one in the middle of a square picture, light ink on a dark ground. Photographs and other alphabets get an
answer too, and it means nothing.
"""


def sample_files(held_out: Digits) -> dict[str, bytes]:
    """File name -> bytes of 64 x 64 grey images, PNG and JPEG in turn. The name tells index and true label."""
    files = {}
    for label, word in enumerate(LABELS):
        chosen = held_out.of(np.flatnonzero(held_out.labels == label)[:SAMPLES_PER_LABEL])
        for i, (image, index) in enumerate(zip(chosen.images, chosen.index, strict=True)):
            kind, options = ("PNG", {"optimize": True}) if i % 2 == 0 else ("JPEG", {"quality": 92})
            data = io.BytesIO()
            Image.fromarray(image).save(data, kind, **options)
            files[f"digit-{index:04}-label-{word}.{'png' if kind == 'PNG' else 'jpg'}"] = data.getvalue()
    return files


def manifest(classifier: bytes, embedder: bytes, seven: bytes) -> str:
    """Namespace, ConfigMap with both models and the ImagePipeline, for `kubectl apply -f` and `darkroom up` alike.

    `seven` is the image of the self-test.
    """

    def folded(data: bytes) -> str:
        return "\\\n    ".join(textwrap.wrap(base64.b64encode(data).decode(), 115))

    def stage_input() -> str:
        return f"input: {{width: {WIDTH}, height: {WIDTH}, channels: 1, resize: Stretch, scale: {1 / 255!r}}}"

    return f"""\
# Generated by models/digits/train.py: do not edit.
# Two stages read the same images. A further stage needs no change where the images are sent.
apiVersion: v1
kind: Namespace
metadata: {{name: demo}}
---
apiVersion: darkroom.dev/v1alpha1
kind: ImagePipeline
metadata: {{name: digits, namespace: demo}}
spec:
  kafka:
    cluster: {{name: events, namespace: kafka}}
  images: {{partitions: 12, replicas: 1, retention: 168h, maxBytes: 10Mi}}
  replicas: 1
  stages:
    - name: classify
      model:
        uri: configmap://digits-model/digits.onnx
        sha256: {hashlib.sha256(classifier).hexdigest()}
      {stage_input()}
      output: {{type: Classification, labels: [{", ".join(LABELS)}], topK: 3, activation: Softmax}}
      # A worker with another result takes no images.
      selfTest:
        - image: configmap://digits-model/seven.png
          expect: {{predictions: [{{label: seven, score: 0.79}}]}}
    - name: embed
      model:
        uri: configmap://digits-model/digits-embed.onnx
        sha256: {hashlib.sha256(embedder).hexdigest()}
      {stage_input()}
      output: {{type: Embedding}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: digits-model, namespace: demo}}
binaryData:
  digits.onnx: "\\
    {folded(classifier)}"
  digits-embed.onnx: "\\
    {folded(embedder)}"
  seven.png: "\\
    {folded(seven)}"
"""


def write_all(root: Path) -> None:
    """Train, and write every file below `root`, the repository's root."""
    training, held_out = split_digits()
    with threadpool_limits(1):  # matrices this small only wait for each other on more threads
        layers = train(*augmented(training))
    classifier, embedder = onnx_file(layers, embedding=False), onnx_file(layers, embedding=True)
    models, samples = root / "models" / "digits", root / "k8s" / "samples"
    for folder in (models, samples / "digits"):
        folder.mkdir(parents=True, exist_ok=True)
    (models / "digits.onnx").write_bytes(classifier)
    (models / "digits-embed.onnx").write_bytes(embedder)
    (models / "README.md").write_text(model_card(classifier, embedder, training, held_out), encoding="utf-8")
    files = sample_files(held_out)
    text = manifest(classifier, embedder, files["digit-1595-label-seven.png"])
    (samples / "digits.yaml").write_text(text, encoding="utf-8")
    for name, data in files.items():
        (samples / "digits" / name).write_bytes(data)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = Path(__file__).resolve().parents[2]
    parser.add_argument("--root", type=Path, default=here, help="where to write (default: this repository)")
    root: Path = parser.parse_args().root
    write_all(root)
    print((root / "models" / "digits" / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
