"""Sealed texts: who can open them, and for how long."""

import pytest

from darkroom_ingestion.access.session.seal import BadSeal, Seal

OLD, NEW = "o" * 32, "n" * 32


def test_a_sealed_text_can_be_opened_and_does_not_show_its_content() -> None:
    seal = Seal([OLD], "session", 60)
    sealed = seal.seal({"token": "sécret"})
    assert "cret" not in sealed
    assert seal.open(sealed)[0] == {"token": "sécret"}


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    of_old = Seal([OLD], "session", 60).seal({"a": 1})
    rotated = Seal([NEW, OLD], "session", 60)
    assert rotated.open(of_old)[0] == {"a": 1}
    assert Seal([NEW], "session", 60).open(rotated.seal({"b": 2}))[0] == {"b": 2}
    with pytest.raises(BadSeal):
        Seal([NEW], "session", 60).open(of_old)


def test_a_text_sealed_for_another_purpose_is_refused() -> None:
    with pytest.raises(BadSeal):
        Seal([OLD], "session", 60).open(Seal([OLD], "login", 60).seal({"a": 1}))


def test_a_text_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    seal = Seal([OLD], "session", 60)
    sealed = seal.seal({"a": 1})
    _, sealed_at = seal.open(sealed)
    monkeypatch.setattr("time.time", lambda: sealed_at + 61.0)
    with pytest.raises(BadSeal, match="no longer"):
        seal.open(sealed)


@pytest.mark.parametrize("sealed", ["", "x", "gAAAA", "é", "a" * 5_000])
def test_any_other_text_is_refused(sealed: str) -> None:
    with pytest.raises(BadSeal):
        Seal([OLD], "session", 60).open(sealed)
