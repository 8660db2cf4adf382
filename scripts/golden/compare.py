"""Comparing a result of Darkroom with the answer of a framework."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_cli.models.agreement import overlap

Mask = npt.NDArray[np.bool_]
"""(height, width)."""


@dataclass
class Differences:
    """The largest differences.

    Attributes:
        problems: what is not the same at all.
        pixels: of coordinates of boxes and keypoints.
        degrees: of the angles of boxes.
        score: of scores, also of keypoints.
        mask: pixels of a mask that do not touch the other, as a fraction of their union; of a class map: of the image.
        cosine: of embeddings, as 1 - cosine similarity.
    """

    problems: list[str] = field(default_factory=list)
    pixels: float = 0
    degrees: float = 0
    score: float = 0
    mask: float = 0
    cosine: float = 0

    def __str__(self) -> str:
        seen = {name: value for name, value in vars(self).items() if name != "problems" and value}
        numbers = ", ".join(f"{name} {value:.2g}" for name, value in seen.items())
        return "; ".join([*self.problems[:4], numbers or "no difference"])

    def at_least(self, name: str, value: float) -> None:
        """Raise the largest difference `name` to `value`."""
        setattr(self, name, max(getattr(self, name), float(value)))


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Differences:
    """The differences between two results for an image of the same size."""
    answer = Differences()
    if "embedding" in expected:
        one, two = (np.array(result["embedding"], np.float64) for result in (expected, found))
        answer.at_least("cosine", 1 - float(one @ two / np.linalg.norm(one) / np.linalg.norm(two)))
    if "classes" in expected:
        _classes(expected["classes"], found["classes"], answer)
    if "predictions" in expected:
        _predictions(expected["predictions"], found["predictions"], answer)
    return answer


def _classes(expected: Iterable[Mapping[str, Any]], found: Iterable[Mapping[str, Any]], answer: Differences) -> None:
    """`mask`: the largest part of the image that has another class, apart from pixels at the border of the class."""
    by_index = {one["index"]: one for one in found}
    for one in expected:
        pair = by_index.get(one["index"])
        if pair is None:
            answer.at_least("mask", one["fraction"])
            continue
        _same_label(one, pair, answer)
        first, second, size = *_both(one, pair), pair["mask"]["size"]
        answer.at_least("mask", (first & ~_grown(second)).sum() / (size[0] * size[1]))


def _predictions(
    expected: Iterable[Mapping[str, Any]], found: Iterable[Mapping[str, Any]], answer: Differences
) -> None:
    left = list(found)
    for one in expected:
        pair = max(
            (other for other in left if other["index"] == one["index"]),
            key=lambda other, one=one: _likeness(one, other),
            default=None,
        )
        if pair is None:
            answer.problems.append(f"no {one['label']} of {one['score']}")
            continue
        left.remove(pair)
        _same_label(one, pair, answer)
        answer.at_least("score", abs(one["score"] - pair["score"]))
        if "box" in one:
            _box(one["box"], pair["box"], answer)
        if "mask" in one:
            _mask(one, pair, answer)
        for point, other in zip(one.get("keypoints", ()), pair.get("keypoints", ()), strict=True):
            answer.at_least("pixels", max(abs(point[axis] - other[axis]) for axis in "xy"))
            answer.at_least("score", abs(point["score"] - other["score"]))
    answer.problems += [f"a {other['label']} of {other['score']} too many" for other in left]


def _likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[float, float]:
    return (overlap(one["box"], other["box"]) if "box" in one else 0), -abs(one["score"] - other["score"])


def _same_label(one: Mapping[str, Any], other: Mapping[str, Any], answer: Differences) -> None:
    if one["label"] != other["label"]:
        answer.problems.append(f"{other['label']}, not {one['label']}")


def _box(one: Mapping[str, float], other: Mapping[str, float], answer: Differences) -> None:
    corners = [(b["x"], b["y"], b["x"] + b["width"], b["y"] + b["height"]) for b in (one, other)]
    answer.at_least("pixels", max(abs(x - y) for x, y in zip(*corners, strict=True)))
    if "angle" in one:
        turned = abs(one["angle"] - other["angle"]) % 180
        answer.at_least("degrees", min(turned, 180 - turned))


def _mask(one: Mapping[str, Any], other: Mapping[str, Any], answer: Differences) -> None:
    first, second = _both(one, other)
    apart = (first & ~_grown(second)) | (second & ~_grown(first))
    union = (first | second).sum()
    answer.at_least("mask", apart.sum() / union if union else 0)


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Mask, Mask]:
    size = other["mask"]["size"]
    return _pixels(one["mask"], size), _pixels(_counts(other["mask"]["counts"]), size)


def _pixels(counts: list[int], size: list[int]) -> Mask:
    """(height, width), from run lengths column by column."""
    found = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return np.pad(found, (0, size[0] * size[1] - len(found))).reshape(size[1], size[0]).T


def _grown(mask: Mask) -> Mask:
    """The mask with all pixels next to it."""
    padded = np.pad(mask, 1)
    down = padded[:-2] | padded[1:-1] | padded[2:]
    return down[:, :-2] | down[:, 1:-1] | down[:, 2:]


def _counts(text: str) -> list[int]:
    """COCO's compressed run lengths: 5 bits a character, differences to the length two before from the third on."""
    counts: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))  # noqa: PLR2004 - pycocotools: from the third on
        value = shift = 0
    return counts
