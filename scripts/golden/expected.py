"""The answers of a framework for a model, in the form of Darkroom's results, as a file next to the exported model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

IMAGES = Path(__file__).parents[2] / "tests" / "golden" / "images"
_STEP_FOR = 2_500
"""About as many numbers of an input tensor are kept."""


@dataclass(frozen=True)
class Answer:
    """The answer for one image.

    Attributes:
        tensor: the input of the model, as the framework computed it.
        result: the fields of an analyzed event.
    """

    tensor: npt.NDArray[Any]
    result: Mapping[str, Any]


def write_expected(folder: Path, framework: str, commands: list[str], image: str, answer: Answer) -> None:
    """Write `expected.json`, and the input tensor as `tensor.npy`.

    Args:
        folder: of the exported model.
        framework: name and version.
        commands: what was run to export the model.
        image: file name of the image.
        answer: for the image.
    """
    document = {"framework": framework, "commands": commands, "image": image, "result": dict(answer.result)}
    (folder / "expected.json").write_text(json.dumps(document), encoding="utf-8")
    np.save(folder / "tensor.npy", answer.tensor)


def sampled(tensor: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The flattened tensor, or numbers of it at equal steps if it is long."""
    flat = tensor.ravel()
    step = max(1, len(flat) // _STEP_FOR)
    return flat[:: step + 1 - step % 2]  # an odd step, so that all columns are met


def named(index: int, names: Mapping[int, str] | Sequence[str], score: float) -> dict[str, Any]:
    """The first fields of a prediction."""
    return {"label": names[index], "index": index, "score": round(float(score), 6)}


def box(x1: float, y1: float, x2: float, y2: float) -> dict[str, float]:
    """A box by its corners."""
    corner = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
    return {name: round(float(value), 3) for name, value in corner.items()}


def in_image(result: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """The result without predictions that Darkroom leaves out: boxes outside the image.

    Args:
        result: fields of an analyzed event.
        size: (height, width) of the image.
    """
    if "box" not in next(iter(result.get("predictions", ())), ()):
        return result
    return {"predictions": [one for one in result["predictions"] if _is_in(one["box"], size)]}


def _is_in(where: Mapping[str, float], size: tuple[int, int]) -> bool:
    """Whether an upright box has an area, or the centre of an oriented box, which is not clipped, is in the image."""
    x, y = where["x"] + where["width"] / 2, where["y"] + where["height"] / 2
    if "angle" in where:
        return 0 <= x <= size[1] and 0 <= y <= size[0]
    return where["width"] > 0 and where["height"] > 0


def runs(mask: npt.NDArray[Any]) -> list[int]:
    """A mask (h, w) as lengths of runs, column by column, starting with zeros: the counts of COCO's RLE."""
    flat = np.concatenate([[0], mask.T.ravel() != 0, [0]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(flat, prepend=0))
    lengths = np.diff(np.concatenate([[1], edges])).tolist()
    return [*lengths, max(0, mask.size - sum(lengths))] if sum(lengths) < mask.size else lengths


def class_map(classes: npt.NDArray[Any], names: Mapping[int, str] | Sequence[str]) -> dict[str, Any]:
    """The result for the class of each pixel (h, w)."""
    return {
        "classes": [
            {
                "label": names[index],
                "index": index,
                "fraction": round(float((classes == index).mean()), 6),
                "mask": runs(classes == index),
            }
            for index in np.unique(classes).tolist()
        ]
    }
