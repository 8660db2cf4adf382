"""A worker's lifecycle: start, health, outages of Kafka, end."""

import json
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Message

from darkroom_cli.local_kafka import LocalKafka
from tests.support.models.bad_model import bad_model
from tests.support.services.stage import TriedStage, WorkerProcess, image_ids, samples
from tests.support.until import until

Stage = Callable[..., TriedStage]

GOOD = samples()[1]
WORK = (300, 0, b"PACED")
"""Images that take a worker six seconds, so that it has not done with them when the broker goes."""


def images(count: int, first: int = 0, mark: bytes = b"") -> list[tuple[str, bytes, bytes]]:
    return [(f"i{n:05}", f"k{n % 20}".encode(), GOOD + mark) for n in range(first, first + count)]


def all_of(sent: list[tuple[str, bytes, bytes]]) -> Callable[[list[Message]], bool]:
    wanted = {image_id for image_id, _, _ in sent}
    return lambda messages: wanted <= set(image_ids(messages))


def test_health_readiness_and_metrics_show_the_state_of_a_worker(stage: Stage) -> None:
    digits = stage()
    worker = digits.worker().ready()
    digits.send(images(30))
    digits.results(all_of(images(30)))
    assert worker.get("/healthz")[0] == 200
    assert json.loads(worker.get("/readyz")[1])["partitions"] == 12
    assert worker.get("/elsewhere")[0] == 404
    assert worker.metric("darkroom_worker_images_total", outcome="analyzed") == 30
    for step in ("decode", "preprocess", "inference"):
        assert worker.metric("darkroom_worker_step_seconds_count", step=step) == 30
    assert worker.metric("darkroom_worker_step_seconds_count", step="publish") >= 1
    until(lambda: worker.metric("darkroom_worker_busy_seconds_total") > 0, "loops were busy")
    assert worker.metric("darkroom_worker_end_to_end_seconds_count") == 30
    assert 0 < worker.metric("darkroom_worker_end_to_end_seconds_sum") < 30 * 60
    assert worker.metric("darkroom_worker_rebalances_total", change="assigned") >= 1
    assert worker.metric("darkroom_worker_partitions") == 12


def test_a_worker_finishes_its_current_batch_before_it_ends(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1})
    slow = [(f"i{n}", b"k", GOOD + b"SLOW") for n in range(20)]
    digits.send(slow)
    worker = digits.worker(**bad_model(tmp_path / "hook")).ready()
    until(partial(worker.metric, "darkroom_worker_images_total", outcome="analyzed"), "a first result", 60)
    began = time.monotonic()
    assert worker.end() == 0
    assert time.monotonic() - began < 20
    results = digits.results(lambda _found: True)
    assert 0 < len(results) < 20
    assert digits.committed()[0] == (len(results), "")


def test_a_second_sigterm_ends_a_worker_at_once(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1})
    digits.send([("endless", b"k", GOOD + b"ENDLESS")])
    worker = digits.worker(**bad_model(tmp_path / "hook")).ready()
    until(lambda: '"held"' in digits.committed()[0][1], "the image is being analysed", 60)
    worker.signal(signal.SIGTERM)
    until(lambda: "stopping" in worker.said(), "stopping")
    worker.signal(signal.SIGTERM)
    assert worker.process.wait(5) == 128 + signal.SIGTERM


def troubles(worker: WorkerProcess) -> float:
    return worker.metric("darkroom_worker_kafka_errors_total") + worker.metric("darkroom_worker_retries_total")


def _still_seconds(worker: WorkerProcess) -> float:
    return max(float(loop["stillSeconds"]) for loop in json.loads(worker.get("/healthz")[1])["loops"])


def test_workers_recover_from_a_broker_outage(
    stage: Stage, fresh_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    kafka = fresh_kafka()
    kafka.start()
    stages = [
        stage(bootstrap_servers=kafka.bootstrap_servers, stage=guarantee, images={"partitions": 3})
        for guarantee in ({"delivery": "AtLeastOnce"}, {"delivery": "ExactlyOnce"}, {"mode": "Queue"})
    ]
    workers = [digits.worker(**bad_model(tmp_path / "hook")).ready() for digits in stages]
    for digits in stages:
        digits.send(images(*WORK))
    for worker in workers:
        until(partial(worker.metric, "darkroom_worker_images_total", outcome="analyzed"), "work begun")
    kafka.stop()
    for worker in workers:
        until(partial(troubles, worker), "trouble with Kafka counted")
    assert [worker.get("/healthz")[0] for worker in workers] == [200, 200, 200]
    kafka.start()
    for digits in stages:
        digits.send(images(100, first=300))
        results = digits.results(all_of(images(400)), timeout_s=120)
        assert digits.settings.stage.delivery == "AtLeastOnce" or len(results) == 400
        assert digits.dead_letters(lambda _found: True) == []
    assert [worker.end() for worker in workers] == [0, 0, 0]


@pytest.mark.parametrize("delivery", ["AtLeastOnce", "ExactlyOnce"])
def test_a_busy_worker_is_healthy_and_can_end_during_an_outage(
    stage: Stage, fresh_kafka: Callable[..., LocalKafka], tmp_path: Path, delivery: str
) -> None:
    kafka = fresh_kafka()
    kafka.start()
    digits = stage(
        bootstrap_servers=kafka.bootstrap_servers,
        stage={"delivery": delivery, "template": {"terminationGracePeriodSeconds": 10}},
    )
    worker = digits.worker(**bad_model(tmp_path / "hook")).ready()
    digits.send(images(*WORK))
    until(partial(worker.metric, "darkroom_worker_images_total", outcome="analyzed"), "work begun")
    kafka.stop()
    until(partial(troubles, worker), "trouble with Kafka counted")
    until(lambda: _still_seconds(worker) < 1, "the loop moves")
    # 1 if it abandoned a batch; after an aborted transaction there is none.
    assert worker.end(30) in {0, 1}


def test_an_idle_worker_reports_an_outage_and_can_end(stage: Stage, fresh_kafka: Callable[..., LocalKafka]) -> None:
    kafka = fresh_kafka()
    kafka.start()
    digits = stage(bootstrap_servers=kafka.bootstrap_servers, images={"partitions": 1})
    digits.send(images(10))
    worker = digits.worker().ready()
    digits.results(all_of(images(10)))
    until(lambda: worker.metric("darkroom_worker_brokers_connected") == 1, "it is connected")
    kafka.stop()
    until(lambda: worker.metric("darkroom_worker_brokers_connected") == 0, "no broker is connected")
    assert worker.end(20) == 0


def test_a_broker_without_the_consumer_protocol_gets_the_classic_protocol(
    stage: Stage, fresh_kafka: Callable[..., LocalKafka]
) -> None:
    kafka = fresh_kafka(properties={"group.coordinator.rebalance.protocols": "classic"})
    kafka.start()
    digits = stage(bootstrap_servers=kafka.bootstrap_servers, stage={"delivery": "ExactlyOnce"})
    digits.send(images(200))
    worker, other = digits.worker(), digits.worker(DARKROOM_GROUP_PROTOCOL="classic")
    worker.ready()
    other.ready()
    results = digits.results(all_of(images(200)))
    assert len(results) == 200
    assert "using the classic group protocol" in worker.said()
    assert (worker.end(), other.end()) == (0, 0)


@pytest.mark.parametrize("mode", ["Ordered", "Queue"])
def test_each_loop_is_a_process_that_shares_the_memory_of_the_model(stage: Stage, mode: str) -> None:
    digits = stage(loops=3, stage={"mode": mode})
    worker = digits.worker().ready()
    children = psutil.Process(worker.process.pid).children()
    assert len(children) == 3
    assert worker.said().count("model loaded") == 1
    digits.send(images(300))
    digits.results(all_of(images(300)))
    assert worker.metric("darkroom_worker_images_total", outcome="analyzed") == 300
    assert 'process="2"' in worker.get("/metrics")[1]
    status, health = worker.get("/healthz")
    assert status == 200
    assert [[loop["loop"] for loop in one["loops"]] for one in json.loads(health)["processes"]] == [[0], [1], [2]]
    children[0].kill()
    until(lambda: worker.metric("darkroom_worker_process_ends_total") == 1, "the end of a process noticed")
    until(lambda: worker.get("/readyz")[0] == 503, "not ready")
    worker.ready()
    assert worker.said().count("model loaded") == 1
    children = psutil.Process(worker.process.pid).children()
    worker.kill()
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_loops_are_threads_where_a_library_has_left_a_thread(stage: Stage, tmp_path: Path) -> None:
    hook = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n"
    (tmp_path / "sitecustomize.py").write_text(hook)
    digits = stage(loops=2)
    worker = digits.worker(PYTHONPATH=str(tmp_path)).ready()
    assert psutil.Process(worker.process.pid).children() == []
    digits.send(images(20))
    digits.results(all_of(images(20)))
    assert len(json.loads(worker.get("/healthz")[1])["loops"]) == 2
    assert worker.end() == 0


def test_a_worker_with_more_loops_than_partitions_is_ready_as_soon_as_one_has_a_partition(stage: Stage) -> None:
    worker = stage(images={"partitions": 1}, loops=3).worker().ready()
    processes = json.loads(worker.get("/readyz")[1])["processes"]
    assert [process["model"] for process in processes] == ["loaded"] * 3
    assert sum(process["partitions"] for process in processes) == 1
    assert not any(process["spare"] for process in processes)


def test_workers_without_shared_state_have_distinct_ids(stage: Stage) -> None:
    """Transactional ids are unique, so workers with equal settings never fence each other."""
    digits = stage(stage={"delivery": "ExactlyOnce"}, images={"partitions": 4}, loops=2)
    workers: list[WorkerProcess] = [digits.worker(HOSTNAME="same").ready() for _ in range(2)]
    digits.send(images(300))
    assert len(digits.results(all_of(images(300)))) == 300
    assert all(worker.metric("darkroom_worker_retries_total", cause="clients") == 0 for worker in workers)
