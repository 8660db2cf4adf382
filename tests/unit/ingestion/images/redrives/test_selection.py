"""Selections of dead letters."""

from typing import Any

import pytest

from darkroom_ingestion.images.redrives.selection import AmbiguousSelection, letters_selected
from darkroom_ingestion.store.queries import DeadLetterFilter


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"all": True}, DeadLetterFilter("classify", redriven=False)),
        ({"reason": "Slow\0"}, DeadLetterFilter("classify", reason="Slow", redriven=False)),
        ({"ids": ["a"]}, DeadLetterFilter("classify", image_ids=["a"])),
        ({"since": "1970-01-01T00:00:01Z"}, DeadLetterFilter("classify", since_ms=1_000, redriven=False)),
    ],
)
def test_a_selection_has_one_criterion(selection: dict[str, Any], expected: DeadLetterFilter) -> None:
    assert letters_selected("classify", selection) == expected


@pytest.mark.parametrize(
    "selection",
    [{}, {"all": False}, {"all": True, "ids": ["a"]}, {"reason": "x", "since": "y"}, {"until": "yesterday"}],
)
def test_no_other_selection_is_accepted(selection: dict[str, Any]) -> None:
    with pytest.raises(AmbiguousSelection):
        letters_selected("classify", selection)
