"""What workers have done, from the metrics that their endpoints serve."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from darkroom.scaling.observation import Work
from darkroom_cli.processes.ports import Reservation
from darkroom_cli.runner.autoscaling.worker_metrics import WorkMeter
from darkroom_cli.runner.supervised import Service
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.process.endpoint import Endpoint, Report


class _Worker:
    """A worker's metrics, served as a worker does."""

    def __init__(self) -> None:
        self.recorded = Metrics()
        self._endpoint = Endpoint("127.0.0.1", 0, self)
        self.service = Service("worker", "module", (), self._endpoint.port, Path("log"), grace_s=1.0)
        self.close = self._endpoint.close

    def works(self, images: int, seconds: float) -> None:
        self.recorded.image("analyzed", images=images - 1)
        self.recorded.image("failed", "DecodeError")
        self.recorded.busy(seconds)

    def health(self) -> Report:
        return Report(ok=True, detail={})

    readiness = health

    def metrics(self) -> bytes:
        return generate_latest(self.recorded.registry)


@pytest.fixture(scope="module")
def endpoints() -> Iterator[tuple[_Worker, _Worker]]:
    with ExitStack() as stack:
        found = _Worker(), _Worker()
        for worker in found:
            stack.callback(worker.close)
        yield found


@pytest.fixture
def workers(endpoints: tuple[_Worker, _Worker]) -> tuple[_Worker, _Worker]:
    """Two workers that have done nothing yet."""
    for worker in endpoints:
        worker.recorded = Metrics()
    return endpoints


def _since_last(meter: WorkMeter, *workers: _Worker) -> Work | None:
    return asyncio.run(meter.since_last([worker.service for worker in workers]))


def test_the_work_of_all_workers_since_the_last_time_adds_up(workers: tuple[_Worker, _Worker]) -> None:
    meter, (first, second) = WorkMeter(), workers
    first.works(images=10, seconds=2.5)
    assert _since_last(meter, first) == Work(10, 2.5)

    first.works(images=5, seconds=1)
    second.works(images=2, seconds=0.5)
    assert _since_last(meter, first, second) == Work(7, 1.5)
    assert _since_last(meter, first, second) is None, "nothing was done"


def test_a_worker_that_was_restarted_counts_from_its_start(workers: tuple[_Worker, _Worker]) -> None:
    meter, (worker, _) = WorkMeter(), workers
    worker.works(images=10, seconds=2.5)
    _since_last(meter, worker)
    worker.recorded = Metrics()
    worker.works(images=3, seconds=0.5)

    assert _since_last(meter, worker) == Work(3, 0.5)


def test_without_an_answer_of_every_worker_nothing_is_known(workers: tuple[_Worker, _Worker]) -> None:
    meter, (worker, _) = WorkMeter(), workers
    worker.works(images=10, seconds=2.5)
    port = Reservation()
    try:
        gone = replace(worker.service, port=port.port)
        assert asyncio.run(meter.since_last([worker.service, gone])) is None
    finally:
        port.release()

    assert _since_last(meter, worker) == Work(10, 2.5)
