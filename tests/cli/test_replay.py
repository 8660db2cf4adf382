"""`darkroom replay`, with a running `darkroom up` and without."""

import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.kafka import SharedKafka
from tests.support.services.command_line import DARKROOM, IMAGES, Ran, Up, darkroom, sample_in
from tests.support.until import until


@dataclass(frozen=True)
class Running:
    """A `darkroom up` of the sample in a separate namespace, which has analysed some images."""

    url: str
    data_dir: Path
    namespace: str
    manifest: Path
    bootstrap_servers: str
    images: list[str]

    def replay(self, *arguments: str | Path) -> Ran:
        return darkroom("replay", *arguments, "--data-dir", self.data_dir)

    def results(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = darkroom("results", "--limit", "500", "--json", *arguments, url=self.url).json
        return found


@pytest.fixture(scope="module")
def running(kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, namespace = tmp_path_factory.mktemp("up"), f"ns-{uuid.uuid4().hex[:8]}"
    manifest = sample_in(folder, namespace)
    up = Up(folder / "data", manifest, "--port", "0", "--bootstrap-servers", kafka.bootstrap_servers)
    try:
        url = up.until_ready()
        files = sorted(IMAGES.glob("*seven*"))
        sent = darkroom("submit", *files, "--wait", "--json", url=url).json
        assert {image["state"] for image in sent} == {"Analyzed"}
        ids = [image["id"] for image in sent]
        yield Running(url, folder / "data", namespace, manifest, kafka.bootstrap_servers, ids)
    finally:
        up.close()


def test_with_a_running_up_it_needs_only_a_stage_and_a_start_and_prints_a_summary(running: Running) -> None:
    ran = running.replay("--stage", "classify", "--from", "beginning", "--json")
    assert ran.code == 0, ran.err
    generation, count = ran.json["generation"], len(running.images)
    assert ran.json | {"seconds": 0, "imagesPerSecond": 0} == {
        "pipeline": f"{running.namespace}/digits",
        "stage": "classify",
        "generation": generation,
        "group": f"{running.namespace}.digits.classify.replay.{generation}",
        "resultsTopic": f"{running.namespace}.digits.classify.results",
        "deadLettersTopic": f"{running.namespace}.digits.classify.dead-letters",
        "images": count,
        "analyzed": count,
        "failed": 0,
        "skipped": 0,
        "left": 0,
        "complete": True,
        "seconds": 0,
        "imagesPerSecond": 0,
    }
    assert f"Analysing {count} image(s) of {running.namespace}/digits classify, generation" in ran.err

    def all_new() -> bool:
        found = running.results("--stage", "classify")
        assert sorted(result["imageId"] for result in found) == sorted(running.images)
        return {result.get("generation") for result in found} == {generation}

    until(all_new, "the new results in place of the old ones", 30)
    again = running.replay("--stage", "classify", "--generation", generation)
    assert (again.code, again.err) == (0, "")
    assert again.out == (
        f"Nothing to do: {running.namespace}/digits classify, generation {generation} is complete; "
        "use another --generation to start a new one\n"
    )


def test_with_a_manifest_the_stage_of_the_manifest_is_used(running: Running, tmp_path: Path) -> None:
    changed = sample_in(tmp_path, running.namespace, ("seven", "SEVEN"))
    ran = darkroom(
        *("replay", changed, "--stage", "classify", "--from", "beginning", "--generation", "louder"),
        *("--bootstrap-servers", running.bootstrap_servers),
    )
    assert ran.code == 0, ran.err
    assert f"{len(running.images)} analysed, 0 failed, 0 skipped" in ran.out
    until(lambda: len(running.results("--label", "SEVEN")) == len(running.images), "the new labels", 30)
    assert running.results("--stage", "classify", "--label", "seven") == []
    assert len(running.results("--stage", "embed")) == len(running.images)


def test_results_in_another_topic_are_not_served(running: Running) -> None:
    before = running.results("--stage", "embed")
    topic = f"{running.namespace}.aside"
    ran = running.replay("--stage", "embed", "--from", "0", "--results-topic", topic, "--json")
    assert (ran.code, ran.json["resultsTopic"], ran.json["analyzed"]) == (0, topic, len(running.images)), ran.err
    assert ran.json["deadLettersTopic"] == f"{topic}.dead-letters"
    assert running.results("--stage", "embed") == before


def test_after_ctrl_c_it_prints_how_to_continue(running: Running) -> None:
    command = [DARKROOM, "replay", "--stage", "classify", "--from", "beginning", "--rate", "0.5"]
    process = subprocess.Popen(
        [*command, "--generation", "slowly", "--data-dir", running.data_dir], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "Analysing " in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    assert process.wait(60) == 130
    assert "Stopping after the images in progress" in said
    assert "image(s) are left: run the same command with --generation slowly to continue" in said
    on = running.replay("--stage", "classify", "--generation", "slowly", "--rate", "0", "--json")
    assert (on.code, on.json["complete"]) == (0, True), on.err
    assert 0 < on.json["analyzed"] <= len(running.images)
    assert "Continuing with" in on.err


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux ends a child with its parent")
def test_after_a_kill_no_process_is_left_and_the_next_replay_removes_its_files(
    running: Running, tmp_path: Path
) -> None:
    command = [DARKROOM, "replay", "--stage", "classify", "--from", "beginning", "--rate", "0.5"]
    process = subprocess.Popen(
        [*command, "--data-dir", running.data_dir],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stderr is not None
    assert "Analysing " in process.stderr.readline()

    def parent_and_worker() -> list[psutil.Process]:
        found = psutil.Process(process.pid).children(recursive=True)
        return found if len(found) > 1 else []

    started = until(parent_and_worker, "the replay and its worker")
    process.kill()
    process.wait()
    assert psutil.wait_procs(started, 20)[1] == []
    left = list(tmp_path.glob("darkroom-*"))
    assert left != []
    an_hour_ago = time.time() - 3600
    for folder in left:
        os.utime(folder / "lock", (an_hour_ago, an_hour_ago))
    arguments = ("replay", "--stage", "classify", "--from", "100000", "--data-dir", running.data_dir)
    assert darkroom(*arguments, temporary=tmp_path).code == 0
    assert list(tmp_path.glob("darkroom-*")) == []


def test_an_image_that_can_not_be_analysed_is_reported_and_does_not_affect_others(
    running: Running, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((IMAGES / "digit-1700-label-five.jpg").read_bytes()[:300])
    sent = darkroom("submit", broken, "--wait", "--json", url=running.url).json[0]
    assert sent["state"] == "Failed"
    ran = running.replay("--stage", "classify", "--from", "beginning", "--generation", "broken", "--json")
    assert (ran.code, ran.json["analyzed"], ran.json["failed"]) == (1, len(running.images), 1)
    assert "1 image(s) could not be analysed: they are in" in ran.err
    listed = f"{running.namespace}/digits"

    def letters() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = darkroom(
            "dead-letters", "--stage", "classify", "--json", "-p", listed, url=running.url
        ).json
        return found

    until(
        lambda: [letter["generation"] for letter in letters()] in (["broken", None], [None, "broken"]),
        "both letters",
        30,
    )


def test_a_range_without_images_ends_immediately(running: Running) -> None:
    ran = running.replay("--stage", "classify", "--from", "100000")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"Nothing to do: {running.namespace}.digits.images has no images from 100000 to end\n"
    assert running.replay("--stage", "classify", "--from", "100000", "--json").json["images"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "give the start of the range with --from, or the replay to continue with --generation"),
        (["--from", "beginning"], 2, "more than one stage of {ns}/digits: choose one with --stage: classify, embed"),
        (
            ["--from", "beginning", "--stage", "detect"],
            2,
            "there is no stage of {ns}/digits called 'detect'; choose from classify, embed",
        ),
        (["--from", "beginning", "-p", "a/b"], 2, "there is no pipeline called 'a/b'; choose from {ns}/digits"),
        (["--from", "noon", "--stage", "embed"], 2, "'noon' is not a position: use beginning, end, an offset"),
        (
            ["--from", "2026-11-23T12:00:00", "--stage", "embed"],
            2,
            "or a time with a time zone such as 2026-11-23T12:00",
        ),
        (["--from", "7", "--to", "3", "--stage", "embed"], 2, "--from 7 is after --to 3: swap them"),
        (["--from", "0", "--generation", "No!"], 2, "generation 'No!': use at most 40 lower-case letters"),
        (
            ["--generation", "never", "--stage", "embed"],
            2,
            "there is nothing to resume of generation never",
        ),
        (["--from", "0", "--stage", "embed", "--results-topic", "{ns}.digits.images"], 2, "uses this topic for images"),
        (
            ["--from", "0", "--stage", "embed", "--bootstrap-servers", "127.0.0.1:9"],
            3,
            "no Kafka broker responds at 127.0.0.1:9",
        ),
    ],
)
def test_an_error_is_one_line(running: Running, arguments: list[str], code: int, says: str) -> None:
    ran = running.replay(*(argument.format(ns=running.namespace) for argument in arguments))
    assert (ran.code, ran.out, len(ran.errors)) == (code, "", 1), ran.err
    assert says.format(ns=running.namespace) in ran.err


def test_a_kafka_without_the_pipeline_and_a_folder_without_an_up_are_reported(
    running: Running, tmp_path: Path, kafka: SharedKafka
) -> None:
    elsewhere = sample_in(tmp_path, "nowhere")
    ran = darkroom(
        "replay", elsewhere, "--stage", "embed", "--from", "0", "--bootstrap-servers", kafka.bootstrap_servers
    )
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "topic nowhere.digits.images does not exist in the Kafka at" in ran.err
    ran = darkroom("replay", "--from", "0", "--data-dir", tmp_path)
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert f"{tmp_path} is not the data folder of a `darkroom up`: give that with --data-dir" in ran.err
    ran = darkroom("replay", elsewhere, "--from", "0", "--data-dir", tmp_path)
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "no Kafka given, and" in ran.err


def test_a_job_takes_its_stage_from_the_deployment(tmp_path: Path) -> None:
    ran = darkroom("replay", "--job", tmp_path / "deployment.json", "--from", "beginning", "--stage", "embed")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "--job takes the stage from the Deployment" in ran.err


def test_a_job_is_made_only_from_a_deployment_of_workers(tmp_path: Path) -> None:
    for content in ("no json", json.dumps({"kind": "Deployment"}), json.dumps([])):
        file = tmp_path / "deployment.json"
        file.write_text(content)
        ran = darkroom("replay", "--job", file, "--from", "beginning")
        assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
        assert "kubectl get deployment PIPELINE-STAGE -o json" in ran.err
