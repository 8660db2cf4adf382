"""Alerts of workers, each on a real failure."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from darkroom_cli.local_kafka import LocalKafka
from tests.support.monitoring.prometheus import alerts, ever_fires
from tests.support.services.replayed_images import timed
from tests.support.services.stage import TriedStage, WorkerProcess, samples
from tests.support.until import until

GOOD = samples()[0]


def exposed(worker: WorkerProcess) -> str:
    status, text = worker.get("/metrics")
    assert status == 200
    return text


def finished(worker: WorkerProcess, images: int) -> None:
    until(lambda: worker.metric("darkroom_worker_images_total") >= images, f"{images} images are finished")


def test_images_that_can_not_be_decoded_fail_and_old_ones_are_late(
    tmp_path: Path, stage: Callable[..., TriedStage]
) -> None:
    digits = stage(images={"partitions": 1})
    worker = digits.worker().ready()
    digits.send([("good", b"k", GOOD)])
    finished(worker, 1)
    healthy, failing = exposed(worker), []
    hour_ago_ms = int(time.time() * 1000) - 3_600_000
    for turn in range(2):
        timed(digits, [(f"bad-{turn}", b"k", GOOD[: len(GOOD) // 2]), (f"late-{turn}", b"k", GOOD)], hour_ago_ms)
        finished(worker, 3 + 2 * turn)
        failing.append(exposed(worker))

    assert alerts(tmp_path, healthy, failing) == (set(), {"DarkroomImagesFail", "DarkroomStageSlow"})


def test_a_worker_whose_brokers_are_gone_has_lost_kafka(
    tmp_path: Path, stage: Callable[..., TriedStage], fresh_kafka: Callable[..., LocalKafka]
) -> None:
    kafka = fresh_kafka()
    kafka.start()
    digits = stage(bootstrap_servers=kafka.bootstrap_servers, images={"partitions": 1})
    worker = digits.worker().ready()
    until(lambda: worker.metric("darkroom_worker_brokers_connected") > 0, "it is connected")
    healthy = exposed(worker)
    kafka.stop()
    until(lambda: worker.metric("darkroom_worker_brokers_connected") == 0, "it is not connected")
    failing = exposed(worker)

    assert alerts(tmp_path, healthy, [failing, failing])[1] == {"DarkroomWorkerLostKafka"}


def test_a_worker_without_the_provider_that_its_stage_asks_for_falls_back(
    tmp_path: Path, stage: Callable[..., TriedStage]
) -> None:
    digits = stage(stage={"execution": {"provider": "OpenVino"}}, images={"partitions": 1})
    worker = digits.worker().ready()
    failing = exposed(worker)

    assert alerts(tmp_path, "", [failing, failing])[1] == {"DarkroomWorkerFallback"}


def has_ended(worker: WorkerProcess, times: int) -> bool:
    return worker.metric("darkroom_worker_process_ends_total") == times


def test_a_loop_that_ends_again_and_again(tmp_path: Path, stage: Callable[..., TriedStage]) -> None:
    worker = stage(loops=2).worker().ready()
    healthy, failing = exposed(worker), []
    for ends in (1, 2):
        psutil.Process(worker.process.pid).children()[0].kill()
        until(partial(has_ended, worker, ends), "its end is noticed")
        worker.ready()
        failing.append(exposed(worker))

    assert alerts(tmp_path, healthy, failing) == (set(), {"DarkroomWorkerCrashLooping"})


@pytest.mark.parametrize(
    ("ends", "fires"),
    [
        # An image that crashes its process ends four by default: the one with its batch, and three that have it alone.
        pytest.param("0x9 4x110", False, id="one image"),
        pytest.param("0x9 4x5 8x5 12x5 16x97", False, id="an image each six minutes"),
        pytest.param("0x9 4 8 10 12 14 16 18 20x103", False, id="five images at once"),
        pytest.param("0x9 1 3 5+0.75x109", True, id="three ends each four minutes"),
    ],
)
def test_a_few_images_that_crash_a_process_are_no_crash_loop(tmp_path: Path, ends: str, fires: bool) -> None:
    metric = "darkroom_worker_process_ends_total"
    assert ever_fires(tmp_path, "DarkroomWorkerCrashLooping", metric, ends) == fires
