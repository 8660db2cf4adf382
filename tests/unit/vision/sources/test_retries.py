"""Attempts to fetch a file."""

import pytest

from darkroom.backoff import Backoff
from darkroom_vision.sources.failures import Busy, ModelUnavailable, Refused
from darkroom_vision.sources.retries import fetch_patiently


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


class Fetch:
    """Raises each of `failures`, then returns."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.attempts = 0

    def __call__(self) -> str:
        self.attempts += 1
        if self._failures:
            raise self._failures.pop(0)
        return "content"


def test_attempts_wait_longer_and_longer_and_as_the_server_asks(waits: list[float]) -> None:
    fetch = Fetch(ConnectionError("reset"), Busy("busy", retry_after_s=20), TimeoutError())
    assert fetch_patiently("model", "hf://a/b/c", Backoff(1.0, 60.0), fetch) == "content"
    assert fetch.attempts == 4
    first, asked, third = waits
    assert 0.5 <= first <= 1
    assert asked == 20
    assert 2 <= third <= 4


def test_the_last_reason_is_told() -> None:
    fetch = Fetch(*[TimeoutError()] * 9)
    with pytest.raises(ModelUnavailable, match=r"labels hf://a/b/c: can't be fetched: TimeoutError \(tried 5 times\)"):
        fetch_patiently("labels", "hf://a/b/c", Backoff(0.0, 0.0), fetch)
    assert fetch.attempts == 5


@pytest.mark.parametrize("failure", [Refused("no"), ModelUnavailable("no")])
def test_what_would_not_pass_is_told_at_once(waits: list[float], failure: Exception) -> None:
    fetch = Fetch(failure)
    with pytest.raises(ModelUnavailable, match="no"):
        fetch_patiently("model", "hf://a/b/c", Backoff(1.0, 60.0), fetch)
    assert (fetch.attempts, waits) == (1, [])
