"""A worker's health and readiness, from the states of its loops."""

import pytest

from darkroom_inference.lifecycle.options import Options
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.process.worker import Worker
from darkroom_vision.analyse import LoadedStage
from darkroom_vision.stage import load_stage
from tests.support.services.image_records import example_settings
from tests.support.services.stage import MODEL

LOADED = {"model": "loaded", "provider": "Cpu", "precision": "Float32"}


@pytest.fixture(scope="module")
def stage() -> LoadedStage:
    return load_stage(example_settings().model_copy(update={"model_path": MODEL}))


class Tried:
    """A worker of two loops that are not started, and the clock that they go by."""

    def __init__(self, stage: LoadedStage) -> None:
        self.now = 0.0
        self.stopping = Stopping(drain_s=10)
        self.worker = Worker(example_settings(), Options(image_deadline_s=60), stage, self.stopping, range(2))
        self.states = [loop.state for loop in self.worker._loops]
        for state in self.states:
            state.clock = lambda: self.now
            state.tick()


@pytest.fixture
def tried(stage: LoadedStage) -> Tried:
    return Tried(stage)


def test_it_is_ready_once_a_loop_has_partitions(tried: Tried) -> None:
    assert not tried.worker.readiness().ok
    tried.states[1].partitions = 3
    readiness = tried.worker.readiness()
    assert (readiness.ok, readiness.detail) == (True, {**LOADED, "partitions": 3, "spare": False})


def test_it_is_ready_to_take_over_if_no_loop_has_anything_to_do(tried: Tried) -> None:
    tried.states[0].in_touch(coordinator=True)
    tried.now = 16
    assert not tried.worker.readiness().ok
    tried.states[1].in_touch(coordinator=True)
    tried.now = 32
    assert tried.worker.readiness().detail == {**LOADED, "partitions": 0, "spare": True}
    assert tried.worker.readiness().ok


def test_it_is_healthy_as_long_as_every_loop_runs_and_moves(tried: Tried) -> None:
    tried.now = 119
    assert tried.worker.health().ok
    tried.states[0].tick()
    tried.now = 121
    health = tried.worker.health()
    assert not health.ok
    assert [loop["stillSeconds"] for loop in health.detail["loops"]] == [2, 121]
    tried.states[1].tick()
    assert tried.worker.health().ok
    tried.states[1].running = False
    assert not tried.worker.health().ok


def test_a_worker_that_is_stopping_is_healthy_and_takes_no_more_work(tried: Tried) -> None:
    tried.states[0].partitions = 3
    tried.states[1].running = False
    tried.stopping.request()
    assert (tried.worker.health().ok, tried.worker.readiness().ok) == (True, False)


def test_its_metrics_name_its_stage(tried: Tried) -> None:
    text = tried.worker.metrics().decode()
    labels = 'fallback="false",precision="Float32",provider="Cpu",requested="Auto"'
    assert f"darkroom_worker_execution_info{{{labels}}} 1.0" in text
    assert 'darkroom_worker_info{loops="2",namespace="demo",pipeline="digits",stage="classify"} 1.0' in text
