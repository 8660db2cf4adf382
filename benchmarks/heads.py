"""Microseconds that a head takes for one image: `python -m benchmarks.heads`.

The outputs are those of common models: 80 classes at 640 x 640, with 20 objects of 10 overlapping candidates each over
the threshold. `ratio` compares with NumPy's arg max over the raw scores of YOLOv8 (80, 8400) in the same run, which is
what reading that output costs at least without a threshold. Each figure is the best of several rounds, because other
programs only ever make a round slower.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from darkroom.api.output import Output
from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.choose import choose_head
from darkroom_vision.heads.trial import Trial
from darkroom_vision.imaging.geometry import Transform
from darkroom_vision.model.session import Port

SIZE = (640, 640)
CLASSES, CELLS = 80, 8_400
OBJECTS, CANDIDATES = 20, 10
FRAME = Frame((1920, 1080), Transform((3.0, 3.0), (0.0, -420.0)), SIZE)

Outputs = dict[str, npt.NDArray[np.float32]]


def main() -> None:
    """Print one line for each head."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="rounds of each (default: %(default)s)")
    rounds = parser.parse_args().rounds
    scores = yolo_v8(0)["output0"][0, 4:]
    baseline = best_us(lambda: scores.argmax(axis=0), rounds)
    print(f"{'head':<34} {'us':>8} {'ratio':>6}")
    print(f"{'(arg max over the raw scores)':<34} {baseline:>8.0f} {1:>6.2f}")
    for name, outputs, spec in heads():
        ports, values = [Port(n, "tensor(float)", v.shape) for n, v in outputs.items()], list(outputs.values())
        head = choose_head(Trial("file:x", ports, values, input_size=SIZE), Output.model_validate(spec), None)
        took = best_us(partial(head.results, values, [FRAME]), rounds)
        print(f"{name:<34} {took:>8.0f} {took / baseline:>6.2f}")


def best_us(call: Callable[[], object], rounds: int) -> float:
    """The fastest of some calls, in microseconds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times) * 1e6


def heads() -> list[tuple[str, Outputs, dict[str, str]]]:
    """(name, outputs for one image, the stage's output)."""
    prototypes = np.random.default_rng(1).normal(size=(1, 32, 160, 160)).astype(np.float32)
    coarse = np.random.default_rng(1).normal(size=(1, 19, 8, 8)).astype(np.float32)
    logits = np.repeat(np.repeat(coarse, 16, axis=2), 16, axis=3)
    return [
        (
            "YoloV8 detection, nothing found",
            {"output0": yolo_v8(0)["output0"] * 0},
            {"type": "Detection", "format": "YoloV8"},
        ),
        ("YoloV8 detection, 200 candidates", yolo_v8(0), {"type": "Detection", "format": "YoloV8"}),
        ("YoloV5 detection, 200 candidates", yolo_v5(), {"type": "Detection", "format": "YoloV5"}),
        ("YoloV8 oriented, 200 candidates", yolo_v8(1), {"type": "OrientedDetection", "format": "YoloV8"}),
        (
            "YoloV8 masks, 200 candidates",
            {**yolo_v8(32), "output1": prototypes},
            {"type": "InstanceSegmentation", "format": "YoloV8"},
        ),
        ("segmentation, 19 x 128 x 128", {"logits": logits}, {"type": "Segmentation", "format": "Logits"}),
    ]


def yolo_v8(extra: int) -> Outputs:
    """(1, 84 + extra, 8400): objects at random places, everything else below the threshold."""
    random = np.random.default_rng(0)
    table = np.zeros((1, 4 + CLASSES + extra, CELLS), np.float32)
    table[0, 4 : 4 + CLASSES] = random.uniform(0, 0.05, (CLASSES, CELLS))
    for column, box, score, index in objects(random):
        table[0, :4, column], table[0, 4 + index, column] = box, score
        table[0, 4 + CLASSES :, column] = random.normal(size=extra)
    return {"output0": table}


def yolo_v5() -> Outputs:
    """(1, 25200, 85), likewise."""
    random = np.random.default_rng(0)
    table = np.zeros((1, 3 * CELLS, 5 + CLASSES), np.float32)
    table[0, :, 4:] = random.uniform(0, 0.05, (3 * CELLS, 1 + CLASSES))
    for row, box, score, index in objects(random):
        table[0, row, :4], table[0, row, 4], table[0, row, 5 + index] = box, 1, score
    return {"output0": table}


def objects(random: np.random.Generator) -> list[tuple[int, npt.NDArray[np.float64], float, int]]:
    """(row, box as cx cy w h, score, class) of each candidate."""
    rows = iter(random.permutation(CELLS))
    found = []
    for _ in range(OBJECTS):
        centre, size, index = random.uniform(60, 580, 2), random.uniform(30, 100, 2), int(random.integers(CLASSES))
        for _ in range(CANDIDATES):
            box = np.concatenate([centre + random.uniform(-2, 2, 2), size])
            found.append((int(next(rows)), box, float(random.uniform(0.3, 0.95)), index))
    return found


if __name__ == "__main__":
    main()
