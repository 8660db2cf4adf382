"""Train the reader of lines of text and write `text.onnx`.

Debian's packages of fonts and words are unpacked into a folder first, here `fonts`:

    apt-get download wamerican fonts-dejavu-core fonts-dejavu-extra fonts-liberation2 fonts-lato fonts-open-sans
    apt-get download fonts-roboto-unhinted fonts-urw-base35 fonts-linuxlibertine fonts-courier-prime
    apt-get download fonts-crosextra-carlito fonts-crosextra-caladea
    for package in *.deb; do dpkg -x $package fonts; done
    uv run --with torch==2.15.0 python -m models.text.train fonts

Training takes about a quarter of an hour on one core. `python -m models.text.publish` writes the other files.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.onnx_file import write_model
from models.text.lines import CHARACTERS, FONTS, HEIGHT, load_fonts, load_words, model_input, picture, random_text
from models.text.network import Exported, Reader

LINES = 14_000
EPOCHS = 5
BATCH = 32
LEARNING_RATE = 4e-3
LEAST_WIDTH = 320
"""In pixels: the worker pads shorter lines with grey, as PaddleOCR does."""
CLASSES = len(CHARACTERS) + 2
"""With the blank before them and the space after them."""


@dataclass(frozen=True)
class Line:
    """A picture uint8 (HEIGHT, w, 3) and the classes of its characters."""

    pixels: np.ndarray
    classes: list[int]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path, help="the folder where the packages are unpacked")
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "text.onnx")
    arguments = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    reader = train(lines(arguments.fonts, arguments.lines), arguments.epochs)
    export(reader, arguments.output)


def lines(root: Path, count: int) -> list[Line]:
    """Random lines in the fonts for training."""
    rng = np.random.default_rng(7)
    fonts, (words, _) = load_fonts(root, FONTS), load_words(root)
    made = []
    for _ in range(count):
        text = random_text(words, rng)
        image = picture(text, fonts[rng.integers(len(fonts))], rng)
        made.append(Line(model_input(image), classes_of(text)))
    return made


def classes_of(text: str) -> list[int]:
    """Class 0 is the blank, the last one the space."""
    return [CLASSES - 1 if character == " " else CHARACTERS.index(character) + 1 for character in text]


def train(made: list[Line], epochs: int) -> Reader:
    """A reader trained with AdamW and a single cycle of the learning rate; weights are averaged over steps."""
    reader = Reader(CLASSES).to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        reader, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    rng = np.random.default_rng(8)
    steps = len(made) // BATCH
    optimizer = torch.optim.AdamW(reader.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, epochs=epochs, steps_per_epoch=steps, pct_start=0.1
    )
    loss_of = nn.CTCLoss(zero_infinity=True)
    by_width = sorted(range(len(made)), key=lambda i: made[i].pixels.shape[1])
    batches = [by_width[i : i + BATCH] for i in range(0, steps * BATCH, BATCH)]
    began = time.monotonic()
    for epoch in range(epochs):
        total = 0.0
        for batch in rng.permutation(len(batches)):
            chosen = [made[i] for i in batches[batch]]
            logits = reader(stacked(chosen, rng)).log_softmax(2).transpose(0, 1)
            lengths = torch.tensor([len(line.classes) for line in chosen])
            targets = torch.tensor([number for line in chosen for number in line.classes])
            loss = loss_of(logits, targets, torch.full((len(chosen),), len(logits)), lengths)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            average.update_parameters(reader)
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / steps:.3f}, {time.monotonic() - began:.0f} s", flush=True)
    return average.module.eval()


def stacked(chosen: list[Line], rng: np.random.Generator) -> Tensor:
    """Lines as the network's input (N, 3, HEIGHT, w), -1 to 1, padded with 0; contrast and channels vary at random."""
    longest = max(line.pixels.shape[1] for line in chosen)
    width = max(longest, LEAST_WIDTH if rng.random() < 0.5 else 0)
    width += -width % 4
    images = np.zeros((len(chosen), HEIGHT, width, 3), np.float32)
    for i, line in enumerate(chosen):
        pixels = (line.pixels.astype(np.float32) / 127.5 - 1) * rng.uniform(0.6, 1.1)
        images[i, :, : pixels.shape[1]] = pixels[..., rng.permutation(3)]
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def export(reader: Reader, file: Path) -> None:
    """Write the ONNX file, with the characters in the metadata as PaddleOCR's exporter writes them."""
    example = torch.zeros(1, 3, HEIGHT, LEAST_WIDTH)
    metadata = {"character": "\n".join(CHARACTERS)}
    write_model(Exported(reader).eval(), example, ("x", "probabilities"), {3: "width"}, metadata, file)


if __name__ == "__main__":
    main()
