"""`darkroom up`: start, results, restarts of processes, and an end without leftovers."""

import json
import os
import signal
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.support.kafka import SharedKafka
from tests.support.manifests import pipeline_manifest
from tests.support.services.command_line import IMAGES, SAMPLE, Up, darkroom, processes_of, sample_in
from tests.support.until import until

MODEL = Path("models/digits/digits.onnx").absolute()
THREE = IMAGES / "digit-0023-label-three.png"


def test_it_starts_kafka_accepts_images_ends_on_ctrl_c_and_continues_at_the_next_start(
    tmp_path: Path, ups: list[Up]
) -> None:
    first = Up(tmp_path, SAMPLE, "--port", "0")
    ups.append(first)
    url = first.until_ready()
    sent = darkroom("submit", THREE, "--wait", "--json", url=url).json[0]
    assert sent["state"] == "Analyzed"
    assert any("kafka.Kafka" in line for line in processes_of(tmp_path).values())
    first.signal(signal.SIGINT)
    assert first.until_ended() == 0
    assert processes_of(tmp_path) == {}
    assert "Stopped" in first.said()

    second = Up(tmp_path, SAMPLE, "--port", "0")
    ups.append(second)
    url = second.until_ready()
    assert "Topics: 0 created" in second.said()
    kept = darkroom("results", "--json", url=url).json
    assert {(result["imageId"], result["stage"]) for result in kept} == {
        (sent["id"], "classify"),
        (sent["id"], "embed"),
    }


@pytest.fixture
def up(tmp_path: Path, kafka: SharedKafka, ups: list[Up]) -> Up:
    """The sample pipeline in a separate namespace, on a running Kafka."""
    manifest = sample_in(tmp_path, f"ns-{uuid.uuid4().hex[:8]}")
    ups.append(Up(tmp_path / "data", manifest, "--port", "0", "--bootstrap-servers", kafka.bootstrap_servers))
    return ups[0]


def test_on_all_addresses_it_serves_the_callers_of_a_token_file(
    tmp_path: Path, kafka: SharedKafka, ups: list[Up]
) -> None:
    namespace, token, file = f"ns-{uuid.uuid4().hex[:8]}", "the-token-of-a-camera", tmp_path / "tokens.json"
    entry = {"name": "camera", "token": token, "pipelines": ["*/*"], "rights": ["Submit", "Read"]}
    file.write_text(json.dumps({"tokens": [entry]}))
    client_file = tmp_path / "token"
    client_file.write_text(token)
    # The variable names the file of a client's token. The ingestion service of `up` must not read it.
    environment = {"DARKROOM_TOKEN_FILE": str(client_file)}
    options = ["--host", "0.0.0.0", "--token-file", str(file), "--bootstrap-servers", kafka.bootstrap_servers]
    sample = sample_in(tmp_path, namespace)
    ups.append(Up(tmp_path / "data", sample, "--port", "0", *options, environment=environment))
    url = ups[0].until_ready()
    sent = darkroom("submit", THREE, "--wait", "--json", "--token-file", client_file, url=url)
    assert sent.json[0]["state"] == "Analyzed"
    assert "The request has no credential" in darkroom("results", url=url).err


def workers(up: Up, stage: str) -> list[psutil.Process]:
    found = [pid for pid, line in processes_of(up.data_dir).items() if f".{stage}.json" in line and " run " in line]
    # A loop that is a process of its own has the command line of its worker.
    return [worker for worker in map(psutil.Process, found) if worker.ppid() not in found]


def test_a_killed_worker_is_restarted_and_works(up: Up) -> None:
    url = up.until_ready()
    (worker,) = workers(up, "classify")
    worker.kill()
    until(lambda: "classify is ready again" in up.said(), "ready again", 60)
    assert "classify exited (SIGKILL); restarting in" in up.said()
    assert [process.pid for process in workers(up, "classify")] != [worker.pid]
    ran = darkroom("submit", THREE, "--wait", url=url)
    assert ran.code == 0, ran.out + ran.err


def test_it_tells_of_a_process_that_its_worker_restarts(tmp_path: Path, kafka: SharedKafka, ups: list[Up]) -> None:
    two_loops = ("    - name: classify\n", "    - name: classify\n      resources: {limits: {cpu: 2}}\n")
    manifest = sample_in(tmp_path, f"ns-{uuid.uuid4().hex[:8]}", two_loops)
    ups.append(Up(tmp_path / "data", manifest, "--port", "0", "--bootstrap-servers", kafka.bootstrap_servers))
    ups[0].until_ready()
    (worker,) = workers(ups[0], "classify")
    one, _ = worker.children()
    one.kill()
    until(lambda: "classify exited (SIGKILL); restarting it" in ups[0].said(), "told", 30)
    (line,) = [line for line in ups[0].said().splitlines() if "SIGKILL" in line]
    assert line.startswith("a process of worker ")
    log = Path(line.rpartition("the log is ")[2])
    assert "worker process ended, restarting it" in log.read_text()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux ends a child with its parent")
def test_after_a_kill_of_up_no_process_is_left(up: Up) -> None:
    up.until_ready()
    assert len(processes_of(up.data_dir)) >= 4
    up.signal(signal.SIGKILL)
    assert up.until_ended() == -signal.SIGKILL
    until(lambda: processes_of(up.data_dir) == {}, "without processes", 20)


def test_a_signal_before_readiness_ends_it_too(up: Up) -> None:
    until(lambda: "Checking the models" in up.said(), "under way", 30)
    up.signal(signal.SIGTERM)
    assert up.until_ended() == 130
    assert processes_of(up.data_dir) == {}


def test_two_at_a_time_on_one_data_folder_are_refused(up: Up, kafka: SharedKafka) -> None:
    up.until_ready()
    ran = darkroom(
        "up", SAMPLE, "--port", "0", "--data-dir", up.data_dir, "--bootstrap-servers", kafka.bootstrap_servers
    )
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert "in use by another `darkroom up`" in ran.err


def test_results_of_another_kafka_are_forgotten(tmp_path: Path, kafka: SharedKafka, ups: list[Up]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "cluster-id").write_text("another")
    with closing(sqlite3.connect(data / "results.db")) as store:
        store.execute("CREATE TABLE of_another (id INTEGER)")
    sample = sample_in(tmp_path, f"ns-{uuid.uuid4().hex[:8]}")
    ups.append(Up(data, sample, "--port", "0", "--bootstrap-servers", kafka.bootstrap_servers))
    url = ups[0].until_ready()
    assert "this is not the Kafka of the last run" in ups[0].said()
    assert darkroom("submit", THREE, "--wait", "--json", url=url).json[0]["state"] == "Analyzed"
    with closing(sqlite3.connect(data / "results.db")) as store:
        tables = {name for (name,) in store.execute("SELECT name FROM sqlite_master")}
    assert "results" in tables
    assert "of_another" not in tables


def test_several_pipelines_are_served_at_once_by_as_many_workers_as_asked_for(
    tmp_path: Path, kafka: SharedKafka, ups: list[Up]
) -> None:
    namespace = f"ns-{uuid.uuid4().hex[:8]}"
    files = []
    for name in ("one", "two"):
        manifest = pipeline_manifest(name=name, namespace=namespace)
        manifest["spec"]["stages"][0]["model"]["uri"] = f"file:{MODEL}"
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(json.dumps(manifest), encoding="utf-8")
    arguments = ("--port", "0", "--workers", "2", "--bootstrap-servers", kafka.bootstrap_servers)
    ups.append(Up(tmp_path / "data", *files, *arguments))
    url = ups[0].until_ready()
    assert len(workers(ups[0], "classify")) == 4
    assert "6 limited to 1 replica(s), one per broker" in ups[0].said()
    unnamed = darkroom("submit", THREE, url=url)
    assert unnamed.code == 2
    assert f"choose one with --pipeline: {namespace}/one, {namespace}/two" in unnamed.err
    ran = darkroom("submit", THREE, "--wait", "--pipeline", f"{namespace}/two", url=url)
    assert ran.code == 0, ran.out + ran.err
