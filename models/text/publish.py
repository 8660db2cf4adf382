"""Measure `text.onnx`, and write its card, the sample pictures and the manifest.

    uv run python -m models.text.publish fonts

`fonts` is the folder of `models/text/train.py`.
"""

import argparse
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from darkroom_vision.analyse import Analysis
from models.sample import Sample, SelfTest, manifest, milliseconds
from models.text.lines import FONTS, HELD_OUT_FONTS, LONGEST, SYMBOLS, load_fonts, load_words, picture, random_text

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "k8s" / "samples"
LINES = 500
PUBLISHED = (
    ("invoice", "Invoice 2026-0417"),
    ("total", "Total EUR 1,284.50"),
    ("date", "14.07.2026 16:35"),
    ("exit", "EMERGENCY EXIT"),
    ("lot", "LOT 48213-B"),
    ("mail", "orders@example.org"),
    ("platform", "Platform 9, 12:05"),
    ("serial", "S/N 7F3K-92QX"),
    ("weight", "Net weight 2.5 kg"),
    ("warning", "Caution: wet floor!"),
    ("street", "221 Baker Street"),
    ("pangram", "The quick brown fox jumps"),
)
PUBLISHED_FONTS = ("Carlito-Regular", "Carlito-Bold")
COMMENT = "Reads a line of text. The characters are in the model file."
STAGE = """
- name: read
  input: {preset: PaddleOcr}
  output: {type: Text, format: Ctc}
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path, help="the folder where the packages are unpacked")
    root: Path = parser.parse_args().fonts
    file = HERE / "text.onnx"
    images = pictures(load_fonts(root, PUBLISHED_FONTS))
    for name, image in images.items():
        (SAMPLES / "text" / name).write_bytes(image)
    test = SelfTest(images["line-04-exit.jpg"], {"text": {"text": "EMERGENCY EXIT"}})
    (SAMPLES / "text.yaml").write_text(manifest("text", COMMENT, STAGE, file.read_bytes(), test), encoding="utf-8")
    seen, new = load_fonts(root, FONTS), load_fonts(root, HELD_OUT_FONTS)
    sample = Sample(STAGE, file)
    _, words = load_words(root)
    known_fonts, analyses = error_rate(sample, words, seen)
    new_fonts, _ = error_rate(sample, words, new)
    written = card(file.read_bytes(), known_fonts, new_fonts, milliseconds(analyses))
    (HERE / "README.md").write_text(written, encoding="utf-8")
    print(written)


def pictures(fonts: Sequence[Path]) -> dict[str, bytes]:
    """The sample pictures by file name, JPEG files."""
    rng = np.random.default_rng(5)
    made = {}
    for i, (name, text) in enumerate(PUBLISHED):
        data = io.BytesIO()
        picture(text, fonts[i % len(fonts)], rng).save(data, "JPEG", quality=85)
        made[f"line-{i + 1:02}-{name}.jpg"] = data.getvalue()
    return made


def error_rate(sample: Sample, words: Sequence[str], fonts: Sequence[Path]) -> tuple[float, list[Analysis]]:
    """The number of wrong, missing and surplus characters per true character, on random lines; and the analyses."""
    rng = np.random.default_rng(6)
    wrong = total = 0
    analyses = []
    for _ in range(LINES):
        text = random_text(words, rng)
        analysis = sample.analysis(png(picture(text, fonts[rng.integers(len(fonts))], rng)))
        wrong += distance(text, analysis.result["text"]["text"])
        total += len(text)
        analyses.append(analysis)
    return wrong / total, analyses


def distance(first: str, second: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(second) + 1))
    for i, one in enumerate(first):
        above, row[0] = row[0], i + 1
        for j, other in enumerate(second):
            above, row[j + 1] = row[j + 1], min(row[j] + 1, row[j + 1] + 1, above + (one != other))
    return row[-1]


def png(image: Image.Image) -> bytes:
    """A PNG file."""
    data = io.BytesIO()
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


def card(model: bytes, known_fonts: float, new_fonts: float, timings: str) -> str:
    """The model card, in Markdown."""
    return f"""\
# Model card: text

A small network that reads one line of printed text: letters without accents, digits, the space and the symbols
`{SYMBOLS}`. It is Darkroom's sample of a text recogniser: its file looks as PaddleOCR exports one.
`models/text/train.py` trains it. `models/text/publish.py` measures it, and writes this file, the sample pictures and
`k8s/samples/text.yaml`. Another CPU or another version of PyTorch gives slightly different weights.

| file | bytes | sha256 |
| --- | --- | --- |
| `text.onnx` | {len(model):,} | `{hashlib.sha256(model).hexdigest()}` |

## Input and output
Input `x`: float32 (1, 3, 32, width), BGR, -1 to 1, 32 pixels high and as wide as the line (preset `PaddleOcr`). Output
`probabilities`: float32 (1, width / 4, 85), for CTC: class 0 is the blank, the last one the space. The metadata
`character` lists the characters between, so that `darkroom init` writes a pipeline without a question.

A network of depthwise-separable convolutions with 124,000 weights, stored with 8 bits and computed in float32.

## Data
Lines of up to {LONGEST} characters, rendered with {len(FONTS)} fonts, dark on light or light on dark, with uneven
light, blur, noise, a small turn and JPEG's losses: words of Debian's `wamerican` (SCOWL, free licences), prices, dates,
numbers, codes and addresses. One word in ten is held out, and so are three families of fonts.

| fonts | licence |
| --- | --- |
| DejaVu | Bitstream Vera and public domain |
| Liberation, Lato | SIL OFL 1.1 |
| Roboto, Open Sans | Apache-2.0 |
| URW base 35 | AGPL-3.0 with the font exception |
| Linux Libertine and Biolinum | SIL OFL 1.1 |
| held out: Caladea, Carlito, Courier Prime | SIL OFL 1.1 |

The pictures in `k8s/samples/text` are rendered with Carlito.

## Accuracy
Character error rate, by the worker's own code, on {LINES} lines of held-out words each:

| lines | wrong characters |
| --- | --- |
| fonts used for training | {known_fonts:.1%} |
| held-out fonts | {new_fonts:.1%} |

Median time on one core shared with other programs: {timings}.

## Limits
One line, nearly horizontal, printed. Handwriting, several lines and accents are not read. A capital O and a zero, or I
and l, look alike in many fonts and are often confused.
"""


if __name__ == "__main__":
    main()
