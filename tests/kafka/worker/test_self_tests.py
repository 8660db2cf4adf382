"""A worker takes no images before it has passed the self-tests of its stage."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from confluent_kafka.admin import AdminClient

from tests.support.services.stage import REPOSITORY, TriedStage, image_ids, samples

Stage = Callable[..., TriedStage]

ONE = REPOSITORY / "k8s/samples/digits/digit-0606-label-one.png"


def expecting(label: str) -> dict[str, Any]:
    return {"selfTest": [{"image": f"file:{ONE}", "expect": {"predictions": [{"label": label}]}}]}


def test_a_worker_with_a_wrong_result_never_joins_its_group(stage: Stage, kafka: Any) -> None:
    wrong = stage(stage=expecting("seven"), namespace="self-test")
    wrong.send([("a", None, samples()[0])])
    worker = wrong.worker()
    assert worker.process.wait(60) == 2
    assert (
        worker.said()
        .splitlines()[-1]
        .startswith(f'stage "classify": self-test failed: file:{ONE}: predictions[0]: expected seven, got one 0.8')
    )
    assert "self-test differs" in worker.said()
    groups = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_consumer_groups().result(30)
    assert wrong.settings.consumer_group not in {group.group_id for group in groups.valid}

    right = stage(stage=expecting("one"), namespace="self-test")
    worker = right.worker().ready()
    assert image_ids(right.results(lambda found: len(found) == 1)) == ["a"]
    assert worker.metric("darkroom_worker_self_tests_passed") == 1
    assert worker.metric("darkroom_worker_self_test_seconds") > 0
    assert "self-tests passed" in worker.said()


def test_the_last_line_of_several_processes_is_the_difference(stage: Stage) -> None:
    worker = stage(stage=expecting("seven"), loops=9).worker()
    assert worker.process.wait(60) == 2
    assert worker.said().splitlines()[-1].startswith('stage "classify": self-test failed: ')


def test_a_replay_does_not_start_with_a_wrong_result(stage: Stage) -> None:
    digits = stage(stage=expecting("seven"))
    digits.send([("a", None, samples()[0])])
    assert digits.committed()  # the group's coordinator answers
    command = ["replay", "--settings", str(digits.file), "--port", "0", "--generation", "g", "--from", "beginning"]
    ran = subprocess.run(
        [sys.executable, "-m", "darkroom_inference", *command], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].startswith('stage "classify": self-test failed: ')
    assert [json.loads(line) for line in ran.stdout.splitlines()] == []
