"""The worker of the target's stage, its work without Kafka, and a bare pipeline."""

import contextlib
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ingestion.servers import Server, bare, is_ready, serving
from benchmarks.ingestion.target import Target
from benchmarks.latency.bare_service import RESULTS
from benchmarks.latency.bare_worker import WORKING
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom_cli.processes.ports import Reservation
from darkroom_vision.analyse import Analyser
from darkroom_vision.imaging.opencv import configure_opencv
from darkroom_vision.stage import load_stage

_MODEL = Path(__file__).parents[2] / "models/digits/digits.onnx"
_WARM_UP = 50


def settings_of(at: Target) -> StageSettings:
    """The settings of a worker with as many loops as there are cores."""
    connection = KafkaConnection(bootstrap_servers=at.bootstrap_servers)
    loops = len(os.sched_getaffinity(0))
    return stage_settings(at.pipeline, at.plan.stages[0], connection, loops=loops, model_path=_MODEL)


@contextlib.contextmanager
def worker(settings: StageSettings, folder: Path) -> Iterator[Server]:
    """A worker that is ready."""
    file = folder / "settings.json"
    file.write_text(settings.model_dump_json(by_alias=True), encoding="utf-8")
    reservation = Reservation()
    port = reservation.port
    command = [sys.executable, "-m", "darkroom_inference", "run", "--settings", str(file), "--port", str(port)]
    try:
        with serving(command, lambda _: port if is_ready(port) else None, folder / "worker.log") as server:
            yield server
    finally:
        reservation.release()


@contextlib.contextmanager
def bare_pipeline(at: Target, folder: Path) -> Iterator[Server]:
    """A bare worker and a bare service for a pipeline of their own. Yields the service."""
    file = folder / "bare.json"
    settings, environment = settings_of(at), at.environment | {RESULTS: at.plan.stages[0].results.name}
    file.write_text(settings.model_dump_json(by_alias=True), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.latency.bare_worker", "--settings", str(file)]
    with (
        serving(command, lambda log: int(WORKING in log), folder / "bare-worker.log"),
        bare("benchmarks.latency.bare_service:Piping", environment, folder, 1) as service,
    ):
        yield service


class BareWork:
    """The worker's work on one image, in this process and without Kafka."""

    def __init__(self, settings: StageSettings, image: bytes) -> None:
        configure_opencv()
        self._analyser, self._image = Analyser(load_stage(settings)), image
        self.median_s(_WARM_UP)

    def median_s(self, images: int) -> float:
        """The median time in seconds."""
        return statistics.median(self._seconds() for _ in range(images))

    def _seconds(self) -> float:
        started = time.perf_counter()
        self._analyser.analyse(self._image)
        return time.perf_counter() - started
