"""Comparing predictions: classes of an image, and objects with boxes, masks and keypoints."""

from collections.abc import Iterator, Sequence

from darkroom.api.output import BOX_TYPES, Output
from darkroom.api.self_test import Expect, ExpectedKeypoint, ExpectedPrediction, Tolerance
from darkroom_vision.heads.boxes.choose import DEFAULT_MOST, default_threshold
from darkroom_vision.heads.choose import DEFAULT_MULTI_LABEL_THRESHOLD, DEFAULT_TOP_K
from darkroom_vision.self_test.difference import Difference, apart, number, unequal
from darkroom_vision.self_test.masks import mask_differences
from darkroom_vision.self_test.matching import Actual, affinities, best_first, by_box, by_class, same_class

_SAME_PLACE = 0.5
"""Smallest intersection over union of two boxes of different classes that are reported as one wrong class."""
_HALF_TURN = 180.0


def prediction_differences(
    expect: Expect, actual: Sequence[Actual], tolerance: Tolerance, output: Output
) -> Iterator[Difference]:
    """The differences between `expect.predictions` and the predictions of a result, in any order.

    A prediction may be missing, or be there in addition, if its score is so close to the lowest possible one that the
    tolerance could explain it. Of a Classification, further classes are allowed below the expected ones.
    """
    expected = expect.predictions or []
    boxes = output.type in BOX_TYPES
    pairs = by_box(expected, actual, tolerance.pixels) if boxes else by_class(expected, actual)
    lowest_kept = _lowest_possible([one["score"] for one in actual], output) + tolerance.score
    missing = [i for i, one in enumerate(expected) if i not in pairs and not _may_miss(one, lowest_kept)]
    highest_more = _highest_unexpected(expect, output) + tolerance.score
    taken = set(pairs.values())
    more = [j for j, one in enumerate(actual) if j not in taken and one["score"] > highest_more]

    for i, j in sorted(_changed(expected, actual, missing, more, tolerance.pixels, boxes=boxes).items()):
        yield Difference(f"predictions[{i}].label", _name(expected[i]), str(actual[j]["label"]))
        missing.remove(i)
        more.remove(j)
    for i, j in sorted(pairs.items()):
        yield from _parts(f"predictions[{i}]", expected[i], actual[j], tolerance)
    for i in missing:
        of_same_rank = actual[i : i + 1] if not boxes else ()
        yield Difference(
            f"predictions[{i}]", _shown(expected[i]), ", ".join(map(_shown_actual, of_same_rank)) or "none"
        )
    for j in more:
        yield Difference("predictions", "no more", _shown_actual(actual[j]))
    if output.type == "Classification" and expected and 0 in pairs and not missing and not more:
        yield from _best(expected[0], actual, pairs[0], tolerance)


def _lowest_possible(scores: Sequence[float | None], output: Output) -> float:
    """The lowest score that could be in a list in addition: the threshold or, if the list is full, its lowest."""
    if output.type in BOX_TYPES:
        default = default_threshold(output.format)
        most: int | None = output.max_detections or DEFAULT_MOST
    elif output.type == "MultiLabel":
        default, most = DEFAULT_MULTI_LABEL_THRESHOLD, output.top_k
    else:
        default, most = 0.0, output.top_k or DEFAULT_TOP_K
    threshold = default if output.threshold is None else output.threshold
    known = [score for score in scores if score is not None]
    is_full = most is not None and len(scores) >= most
    return max([threshold, min(known)]) if is_full and known else threshold


def _highest_unexpected(expect: Expect, output: Output) -> float:
    """The highest score of a prediction that need not be in the list."""
    scores = [one.score for one in expect.predictions or []]
    if output.type == "Classification" or expect.dropped:
        known = [score for score in scores if score is not None]
        return min(known) if known else float("inf")
    return _lowest_possible(scores, output)


def _may_miss(expected: ExpectedPrediction, lowest_kept: float) -> bool:
    return expected.score is not None and expected.score <= lowest_kept


def _changed(
    expected: Sequence[ExpectedPrediction],
    actual: Sequence[Actual],
    missing: Sequence[int],
    more: Sequence[int],
    pixels: float,
    *,
    boxes: bool,
) -> dict[int, int]:
    """Pairs of predictions that differ in their class: of boxes in the same place, or of the same rank."""
    if not boxes:
        return {i: i for i in missing if i in more}
    wanted, found = [expected[i] for i in missing], [actual[j] for j in more]
    affinity = affinities(wanted, found, pixels)
    affinity[affinity < _SAME_PLACE] = 0
    return {missing[i]: more[j] for i, j in best_first(affinity).items() if not same_class(wanted[i], found[j])}


def _best(
    expected: ExpectedPrediction, actual: Sequence[Actual], rank: int, tolerance: Tolerance
) -> Iterator[Difference]:
    """A difference if the best class is another than expected, and by more than the tolerance."""
    best = actual[0]
    if rank and best["score"] - actual[rank]["score"] > tolerance.score:
        yield Difference("predictions[0].label", _name(expected), f"{best['label']} {number(best['score'])}")


def _parts(path: str, expected: ExpectedPrediction, actual: Actual, tolerance: Tolerance) -> Iterator[Difference]:
    yield from apart(f"{path}.score", expected.score, actual["score"], tolerance.score)
    if expected.box is not None:
        box, found = expected.box, actual["box"]
        edges = {
            "left edge": (box.x, found["x"]),
            "top edge": (box.y, found["y"]),
            "right edge": (box.x + box.width, found["x"] + found["width"]),
            "bottom edge": (box.y + box.height, found["y"] + found["height"]),
        }
        for edge, (wanted, got) in edges.items():
            yield from apart(f"{path}.box, {edge}", wanted, got, tolerance.pixels)
        yield from _angle(f"{path}.box.angle", box.angle, found.get("angle"), tolerance.angle)
    yield from mask_differences(f"{path}.mask", expected.mask, actual.get("mask"), tolerance.iou)
    if expected.keypoints is not None:
        yield from _keypoints(f"{path}.keypoints", expected.keypoints, actual.get("keypoints") or [], tolerance)


def _angle(path: str, expected: float | None, actual: float | None, tolerance: float) -> Iterator[Difference]:
    if expected is not None and actual is not None:
        gap = abs(expected - actual) % _HALF_TURN
        if min(gap, _HALF_TURN - gap) <= tolerance:
            return
    yield from apart(path, expected, actual, tolerance)


def _keypoints(
    path: str, expected: Sequence[ExpectedKeypoint], actual: Sequence[Actual], tolerance: Tolerance
) -> Iterator[Difference]:
    if len(expected) != len(actual):
        yield Difference(path, f"{len(expected)} points", str(len(actual)))
        return
    for i, (wanted, found) in enumerate(zip(expected, actual, strict=True)):
        point = f"{path}[{i}]"
        yield from unequal(f"{point}.name", wanted.name, found.get("name"))
        yield from apart(f"{point}.x", wanted.x, found["x"], tolerance.pixels)
        yield from apart(f"{point}.y", wanted.y, found["y"], tolerance.pixels)
        yield from apart(f"{point}.score", wanted.score, found.get("score"), tolerance.score)


def _name(expected: ExpectedPrediction) -> str:
    return str(expected.index if expected.label is None else expected.label)


def _shown(expected: ExpectedPrediction) -> str:
    named = "a prediction" if {expected.label, expected.index} == {None} else _name(expected)
    return _listed(named, expected.score, expected.box.model_dump() if expected.box else None)


def _shown_actual(actual: Actual) -> str:
    return _listed(str(actual["label"]), actual["score"], actual.get("box"))


def _listed(name: str, score: float | None, box: Actual | None) -> str:
    parts = [name]
    if score is not None:
        parts.append(number(score))
    if box is not None:
        parts.append(f"at ({', '.join(number(box[side]) for side in ('x', 'y', 'width', 'height'))})")
    return " ".join(parts)
