"""Comparing the result for an image with the expected one. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from darkroom.api.output import Output
from darkroom.api.self_test import (
    Expect,
    ExpectedAnomaly,
    ExpectedClass,
    ExpectedTensor,
    ExpectedText,
    Tolerance,
)
from darkroom_vision.heads.base import Result
from darkroom_vision.self_test.difference import Difference, apart, number, unequal
from darkroom_vision.self_test.masks import mask_differences
from darkroom_vision.self_test.matching import by_class
from darkroom_vision.self_test.predictions import prediction_differences


def differences(expect: Expect, result: Result, tolerance: Tolerance, output: Output) -> list[Difference]:
    """The differences that exceed the tolerance. `expect` has the result field of the output type."""
    return list(_differences(expect, result, tolerance, output))


def _differences(expect: Expect, result: Result, tolerance: Tolerance, output: Output) -> Iterator[Difference]:
    if expect.predictions is not None:
        yield from prediction_differences(expect, result["predictions"], tolerance, output)
    if expect.classes is not None:
        yield from _classes(expect.classes, result["classes"], tolerance)
    if expect.text is not None:
        yield from _text(expect.text, result["text"], tolerance)
    if expect.anomaly is not None:
        yield from _anomaly(expect.anomaly, result["anomaly"], tolerance)
    if expect.embedding is not None:
        yield from _embedding(expect.embedding, result["embedding"], tolerance)
    if expect.tensor is not None:
        yield from _tensor(expect.tensor, result["tensor"], tolerance)


def _classes(
    expected: Sequence[ExpectedClass], actual: Sequence[Mapping[str, Any]], tolerance: Tolerance
) -> Iterator[Difference]:
    """A class may be missing, or be there in addition, if its fraction of the image is within the tolerance."""
    pairs = by_class(expected, actual)
    for i, wanted in enumerate(expected):
        path = f"classes[{i}]"
        name = str(wanted.index if wanted.label is None else wanted.label)
        if i in pairs:
            found = actual[pairs[i]]
            yield from apart(f"{path}.fraction", wanted.fraction, found["fraction"], tolerance.fraction)
            yield from mask_differences(f"{path}.mask", wanted.mask, found.get("mask"), tolerance.iou)
        elif wanted.fraction is None or wanted.fraction > tolerance.fraction:
            yield Difference(path, name, "none")
    taken = set(pairs.values())
    for j, one in enumerate(actual):
        if j not in taken and one["fraction"] > tolerance.fraction:
            yield Difference("classes", "no more", f"{one['label']} on {number(one['fraction'])} of the image")


def _text(expected: ExpectedText, actual: Mapping[str, Any], tolerance: Tolerance) -> Iterator[Difference]:
    if expected.text != actual["text"]:
        edits = edit_distance(expected.text, actual["text"])
        if edits > tolerance.edits:
            got = f"{actual['text']!r}, {edits} {'edit' if edits == 1 else 'edits'} away"
            yield Difference("text.text", repr(expected.text), got, str(tolerance.edits))
    yield from apart("text.score", expected.score, actual["score"], tolerance.score)


def edit_distance(one: str, other: str) -> int:
    """The number of characters to insert, delete or replace to turn `one` into `other` (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, row = row, [i]
        for j, right in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (left != right)))
    return row[-1]


def _anomaly(expected: ExpectedAnomaly, actual: Mapping[str, Any], tolerance: Tolerance) -> Iterator[Difference]:
    yield from unequal("anomaly.anomalous", expected.anomalous, actual["anomalous"])
    yield from apart("anomaly.score", expected.score, actual["score"], tolerance.score)
    yield from mask_differences("anomaly.mask", expected.mask, actual.get("mask"), tolerance.iou)


def _embedding(expected: Sequence[float], actual: Sequence[float], tolerance: Tolerance) -> Iterator[Difference]:
    if len(expected) != len(actual):
        yield Difference("embedding", f"{len(expected)} numbers", str(len(actual)))
        return
    norms = math.hypot(*expected) * math.hypot(*actual)
    cosine = math.fsum(a * b for a, b in zip(expected, actual, strict=True)) / norms if norms else 0.0
    if not norms and expected == actual:
        return
    if not cosine >= tolerance.cosine:
        yield Difference("embedding", f"a cosine similarity of at least {number(tolerance.cosine)}", number(cosine))


def _tensor(expected: ExpectedTensor, actual: Mapping[str, Any], tolerance: Tolerance) -> Iterator[Difference]:
    for field in ("name", "shape", "dtype"):
        yield from unequal(f"tensor.{field}", getattr(expected, field), actual[field])
    if expected.data is None:
        return
    wanted, found = np.array(expected.data, np.float64), np.array(actual["data"], np.float64)
    if wanted.shape != found.shape:
        yield Difference("tensor.data", f"{wanted.size} numbers", str(found.size))
        return
    gaps = np.abs(wanted - found)
    allowed = tolerance.absolute + tolerance.relative * np.abs(wanted)
    wrong = np.flatnonzero(~(gaps <= allowed))
    if len(wrong):
        worst = int(wrong[np.argmax((gaps - allowed)[wrong])])
        more = f", and {len(wrong) - 1} more numbers differ" if len(wrong) > 1 else ""
        yield Difference(
            f"tensor.data[{worst}]",
            number(float(wanted[worst])),
            f"{number(float(found[worst]))}{more}",
            number(float(allowed[worst])),
        )
