"""Processes that are measured: workers, and programs that measure themselves."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import psutil

from benchmarks.worker.cores import Cores
from benchmarks.worker.rate import Rate
from darkroom.stage_settings import StageSettings
from darkroom_cli.processes.ports import Reservation
from darkroom_inference.process.local_requests import get

ROOT = Path(__file__).parents[2]
WORKER = ("darkroom_inference",)
_DEADLINE_S = 90.0
_POLL_S = 1.0
_START_POLL_S = 0.1
_LEAST_CPU_S = 0.1
"""Ten times the resolution of a process's processor time."""
_ENOUGH = 0.95
"""A measurement ends early when this share of the images is analysed: later, loops without images would wait."""


class WorkerRate(Rate):
    """The rate of a worker. `client_cpu_seconds` is the processor time of the Kafka client's own threads."""

    client_cpu_seconds: float

    @property
    def interpreter_cpu_us(self) -> float:
        """Microseconds of processor time per image in threads that run Python code."""
        return (self.cpu_seconds - self.client_cpu_seconds) / self.images * 1e6


@dataclass(frozen=True)
class _Moment:
    """The state of a worker at one time: of its process, and of those that it has started."""

    images: float
    at: float
    cpu_seconds: float
    client_cpu_seconds: float

    @classmethod
    def of(cls, process: psutil.Process, port: int) -> "_Moment":
        images = total(_metrics(process, port), "darkroom_worker_images_total")
        processes = [process, *process.children()]
        at, cpu = time.monotonic(), sum(sum(one.cpu_times()[:2]) for one in processes)
        return cls(images, at, cpu, sum(_client_cpu_seconds(one) for one in processes))


def worker(
    settings: StageSettings,
    images: int,
    seconds: float,
    folder: Path,
    cores: Cores,
    *,
    command: Sequence[str] = WORKER,
    environment: Mapping[str, str] | None = None,
) -> WorkerRate:
    """Start a worker, measure it for `seconds` while some of the `images` wait, and end it.

    The worker's metrics are read once a second. `environment` has further environment variables.
    """
    file = settings_file(settings, folder)
    reservation = Reservation()
    port = reservation.port
    arguments = [*command, "run", "--settings", str(file), "--port", str(port)]
    with cores.for_measured():
        started = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
    try:
        return _measured(psutil.Process(started.pid), port, images, seconds)
    finally:
        started.terminate()
        started.wait(60)
        reservation.release()


def program(module: str, settings: StageSettings, arguments: Sequence[str], folder: Path, cores: Cores) -> Rate:
    """Run a program of this benchmark that takes `--settings` and measures itself."""
    return measuring_itself(module, ["--settings", str(settings_file(settings, folder)), *arguments], cores)


def measuring_itself(module: str, arguments: Sequence[str], cores: Cores) -> Rate:
    """Run a module that prints a Rate as its last line."""
    with cores.for_measured():
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, cwd=ROOT)
    output, _ = process.communicate(timeout=600)
    if process.returncode:
        raise SystemExit(f"{module} failed")
    return Rate.model_validate_json(output.splitlines()[-1])


def settings_file(settings: StageSettings, folder: Path) -> Path:
    """Write the settings to a file that no running process reads."""
    file = folder / f"{settings.consumer_group}.json"
    file.write_text(settings.model_dump_json(by_alias=True))
    return file


def total(metrics: str, name: str) -> float:
    """The sum of the samples of the metric `name`."""
    return sum(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(name))


def _measured(process: psutil.Process, port: int, images: int, seconds: float) -> WorkerRate:
    deadline = time.monotonic() + _DEADLINE_S
    while _Moment.of(process, port).images == 0:
        if time.monotonic() > deadline:
            raise SystemExit("the worker makes no progress: run it by hand to see why")
        time.sleep(min(_POLL_S, seconds))
    time.sleep(min(_POLL_S, seconds))
    began = ended = _Moment.of(process, port)
    # At least one batch and some processor time, even if the machine is busy with something else.
    while (
        ended.at < began.at + seconds
        or ended.images == began.images
        or ended.cpu_seconds < began.cpu_seconds + _LEAST_CPU_S
    ):
        time.sleep(min(_POLL_S, seconds))
        ended = _Moment.of(process, port)
        if ended.images > _ENOUGH * images or ended.at > deadline:
            break
    if ended.images >= images or ended.images <= began.images:
        raise SystemExit(f"cannot measure: the worker has analysed {ended.images:.0f} of {images} images")
    return WorkerRate(
        images=ended.images - began.images,
        seconds=ended.at - began.at,
        cpu_seconds=ended.cpu_seconds - began.cpu_seconds,
        client_cpu_seconds=ended.client_cpu_seconds - began.client_cpu_seconds,
    )


def _metrics(process: psutil.Process, port: int) -> str:
    """The worker's metrics, once it responds."""
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        status, body = get(port, "/metrics")
        if status == HTTPStatus.OK:
            return body
        if time.monotonic() > deadline or process.status() == psutil.STATUS_ZOMBIE:
            raise SystemExit("the worker does not respond: run it by hand to see why")
        time.sleep(_START_POLL_S)


def _client_cpu_seconds(process: psutil.Process) -> float:
    """The processor time of librdkafka's threads so far. It names them `rdk:main`, `rdk:broker1` and the like."""
    seconds = 0.0
    for thread in process.threads():
        # The thread may have ended since: before or while its name is read.
        with suppress(FileNotFoundError, ProcessLookupError):
            name = Path(f"/proc/{process.pid}/task/{thread.id}/comm").read_text(encoding="utf-8")
            seconds += thread.user_time + thread.system_time if name.startswith("rdk:") else 0.0
    return seconds
