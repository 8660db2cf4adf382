"""The expected result to save in a manifest: an actual result, rounded and limited in size."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from darkroom_vision.heads.base import Result

_MOST_PREDICTIONS: Final = 50
_MOST_CHARACTERS: Final = 1_000
"""Of the run lengths of a mask, and of a name."""
_MOST_NUMBERS: Final = 1_000
"""Of a tensor."""
_SCORE_DIGITS: Final = 4
_SIGNIFICANT: Final = 6


def expectation(result: Result) -> tuple[dict[str, Any], list[str]]:
    """The `expect` block of a self-test that `result` passes, and what was left out of it, as sentences.

    Scores have 4 decimals, vectors 6 significant digits: far less than the default tolerances.
    """
    notes: list[str] = []
    return {field: _SAVED[field](value, notes) for field, value in result.items() if field in _SAVED} | _dropped(
        result
    ), notes


def _dropped(result: Result) -> dict[str, int]:
    more = max(0, len(result.get("predictions") or []) - _MOST_PREDICTIONS)
    dropped = more + (result.get("dropped", 0) if "predictions" in result else 0)
    return {"dropped": dropped} if dropped else {}


def _predictions(predictions: list[Mapping[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    if len(predictions) > _MOST_PREDICTIONS:
        notes.append(f"Only the best {_MOST_PREDICTIONS} of {len(predictions)} predictions are compared.")
    return [_named(one, notes) for one in predictions[:_MOST_PREDICTIONS]]


def _classes(classes: list[Mapping[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    return [_named(one, notes) for one in classes]


def _named(one: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """A prediction or class without what is too large, and without a label that is only its index: names may follow."""
    saved = dict(one)
    if saved["label"] == str(saved["index"]) or len(saved["label"]) > _MOST_CHARACTERS:
        del saved["label"]
    return _small(saved, notes)


def _small(saved: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    for name in ("score", "fraction"):
        if name in saved:
            saved[name] = round(saved[name], _SCORE_DIGITS)
    if "mask" in saved and len(saved["mask"]["counts"]) > _MOST_CHARACTERS:
        del saved["mask"]
        note = f"Masks of more than {_MOST_CHARACTERS:,} characters are not compared."
        notes.extend([note] if note not in notes else [])
    return saved


def _tensor(tensor: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    saved = dict(tensor)
    if len(saved["data"]) > _MOST_NUMBERS:
        del saved["data"]
        notes.append(f"Numbers are not compared, because the tensor has more than {_MOST_NUMBERS:,}.")
    else:
        saved["data"] = _rounded(saved["data"])
    return saved


def _rounded(numbers: Iterable[float]) -> list[float]:
    return [
        value if isinstance(value, int) else float(f"{value:.{_SIGNIFICANT}g}") for value in map(_as_number, numbers)
    ]


def _as_number(value: float) -> float:
    return int(value) if isinstance(value, bool) else value


_SAVED: Final[Mapping[str, Any]] = {
    "predictions": _predictions,
    "classes": _classes,
    "text": lambda text, notes: _small(dict(text), notes),
    "anomaly": lambda anomaly, notes: _small(dict(anomaly), notes),
    "embedding": lambda numbers, _: _rounded(numbers),
    "tensor": _tensor,
}
