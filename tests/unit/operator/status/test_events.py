"""Notes of Events have a size that the API server accepts."""

import pytest

from darkroom_operator.status.events import event_note


@pytest.mark.parametrize("note", ["short", "x" * 5_000, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 1_000])
def test_a_note_has_at_most_1024_bytes(note: str) -> None:
    cut = event_note(note)
    assert note.startswith(cut)
    assert len(cut.encode()) == min(len(note.encode()), 1_000)
