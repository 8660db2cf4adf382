"""The trial of a provider: what it decides, and what it says."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from darkroom.api.execution import Execution
from darkroom_vision.model import provider_trial
from darkroom_vision.model.provider_trial import Measurement, decide, difference, with_faster_provider
from darkroom_vision.model.providers import ON_CPU, Choice
from darkroom_vision.model.session import load_model
from tests.support.models.onnx_files import identity_file

CURRENT = replace(ON_CPU, reason="it has not been compared with OpenVINO", contender="OpenVino")
OTHER = Choice("OpenVino", "Float32", "it is compared with the CPU")


@pytest.mark.parametrize(
    ("measured", "provider", "reason"),
    [
        (Measurement([2, 2, 9], [1, 1, 1], 1e-6), "OpenVino", "it is 2.00 times as fast as Cpu in a trial of 3 runs"),
        (Measurement([1.1, 1.1], [1, 1], 0), "Cpu", "1.10 times as fast as Cpu in a trial of 2 runs, which is less"),
        (Measurement([1, 1], [2, 2], 0), "Cpu", "0.50 times as fast"),
        (Measurement([2, 2], [1, 1], 0.01), "Cpu", "other answers: they differ by 0.01"),
        (Measurement([2, 2], [1, 1], float("nan")), "Cpu", "other answers"),
    ],
)
def test_a_provider_wins_only_if_it_is_clearly_faster_with_the_same_answers(
    measured: Measurement, provider: str, reason: str
) -> None:
    found = decide(CURRENT, OTHER, measured)
    assert (found.provider, found.fallback, found.contender) == (provider, False, None)
    assert reason in found.reason


def test_the_difference_of_outputs_is_relative_to_large_values_and_absolute_for_small_ones() -> None:
    assert difference([np.array([0.1, 0.2])], [np.array([0.1, 0.25])]) == pytest.approx(0.05)
    assert difference([np.array([100.0, 2.0])], [np.array([101.0, 2.0])]) == pytest.approx(0.01)
    assert difference([np.zeros((1, 3))], [np.zeros((2, 3))]) == np.inf
    assert difference([np.zeros(0)], [np.zeros(0)]) == 0
    assert difference([[{"a": 1.0}]], [[{"a": 1.0}]]) == 0
    assert difference([[{"a": 1.0}]], [[{"a": 2.0}]]) == np.inf


@pytest.mark.parametrize(("other_run_s", "provider"), [(1, "OpenVino"), (5, "Cpu")])
def test_a_model_runs_on_the_winner(
    other_run_s: int, provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The development environment has no OpenVINO, so the CPU stands in for it, with a clock that the test controls."""
    path = identity_file(tmp_path / "x.onnx", [1, 3, 4, 4])
    model = replace(load_model(path), execution=CURRENT)
    rival = load_model(path).session
    monkeypatch.setattr(provider_trial, "open_session", lambda *_: (rival, OTHER))
    monkeypatch.setattr(provider_trial, "BUDGET_S", 0.0)
    feeds = {"image": np.ones((1, 3, 4, 4), np.float32)}
    found = with_faster_provider(model, Execution(), feeds, 1, _clock(current_s=2, other_s=other_run_s))
    assert found.execution.provider == provider
    assert (found.session is rival) == (provider == "OpenVino")


def _clock(current_s: int, other_s: int) -> Callable[[], float]:
    """Each run reads the clock before and after it; the providers take turns."""
    now = 0.0
    readings = count()

    def read() -> float:
        nonlocal now
        reading = next(readings) % 4
        now += {1: current_s, 3: other_s}.get(reading, 0)
        return now

    return read


def test_a_contender_that_does_not_start_leaves_the_model_on_the_cpu(tmp_path: Path) -> None:
    model = replace(load_model(identity_file(tmp_path / "x.onnx", [1, 3, 4, 4])), execution=CURRENT)
    found = with_faster_provider(model, Execution(), {}, 1)
    assert (found.session, found.execution.provider) == (model.session, "Cpu")
    assert found.execution.reason == "OpenVino did not start"
