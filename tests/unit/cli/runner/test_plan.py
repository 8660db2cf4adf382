"""The plan of `darkroom up`."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from darkroom.kafka.connection import KafkaConnection
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.runner.plan import LocalRun, on_brokers, plan
from tests.support.manifests import pipeline_manifest

KAFKA = KafkaConnection(bootstrap_servers="127.0.0.1:9")


def plan_of(folder: Path, *documents: dict[str, Any], workers: int = 1, cpus: int = 8) -> LocalRun:
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")

    def store(name: str, content: bytes) -> Path:
        return Path("/stored") / content.decode() / name

    return plan(load_bundle([file]), KAFKA, workers=workers, cpus=cpus, store=store)


def test_the_cpus_are_shared_among_all_workers(tmp_path: Path) -> None:
    stages = ["a", "b"]
    assert [run.settings.loops for run in plan_of(tmp_path, pipeline_manifest(stages=stages)).stages] == [4, 4]
    assert [run.settings.loops for run in plan_of(tmp_path, pipeline_manifest(stages=stages), cpus=1).stages] == [1, 1]
    assert [run.settings.loops for run in plan_of(tmp_path, pipeline_manifest(), cpus=64).stages] == [8]
    assert [run.settings.loops for run in plan_of(tmp_path, pipeline_manifest(), workers=4).stages] == [2]


@pytest.mark.parametrize(("limit", "loops"), [("500m", 1), (2, 2), ("12", 12)])
def test_a_cpu_limit_is_the_number_of_loops(tmp_path: Path, limit: str | int, loops: int) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["resources"] = {"limits": {"cpu": limit}}
    assert plan_of(tmp_path, manifest).stages[0].settings.loops == loops


def test_an_invalid_cpu_limit_is_reported_with_its_stage(tmp_path: Path) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["resources"] = {"limits": {"cpu": "many"}}
    with pytest.raises(InvalidInput, match=r'stage "classify": resources\.limits\.cpu'):
        plan_of(tmp_path, manifest)


def test_models_come_from_config_maps_and_the_kafka_is_ours(tmp_path: Path) -> None:
    model = {
        "kind": "ConfigMap",
        "metadata": {"name": "digits-model", "namespace": "demo"},
        "data": {"digits.onnx": "x"},
    }
    made = plan_of(tmp_path, pipeline_manifest(), model)
    assert made.stages[0].settings.model_path == Path("/stored/x/digits.onnx")
    assert made.stages[0].settings.kafka == made.catalog.entries[0].kafka == KAFKA
    kafka = made.catalog.entries[0].pipeline.spec.kafka
    assert (kafka.cluster, kafka.bootstrap_servers) == (None, "127.0.0.1:9")


def test_a_stage_without_replicas_or_a_suspended_pipeline_has_no_workers(tmp_path: Path) -> None:
    manifest = pipeline_manifest(stages=["a", "b"])
    manifest["spec"]["stages"][0]["replicas"] = 0
    assert [run.workers for run in plan_of(tmp_path, manifest, workers=3).stages] == [0, 3]
    suspended = plan_of(tmp_path, pipeline_manifest(suspend=True))
    assert [run.workers for run in suspended.stages] == [0]
    assert ["suspended" in note for note in suspended.notes] == [True]


def test_there_are_no_more_workers_than_partitions(tmp_path: Path) -> None:
    made = plan_of(tmp_path, pipeline_manifest(images={"partitions": 2}), workers=5)
    assert [run.workers for run in made.stages] == [2]
    assert ["as many as its images topic has partitions" in note for note in made.notes] == [True]


def test_a_queue_has_more_workers_than_partitions(tmp_path: Path) -> None:
    manifest = pipeline_manifest(stages=["a", "b"], images={"partitions": 2})
    manifest["spec"]["stages"][0]["mode"] = "Queue"
    made = plan_of(tmp_path, manifest, workers=5)
    assert [run.workers for run in made.stages] == [5, 2]
    assert any("a: mode Queue is a preview" in note for note in made.notes)


def test_the_environment_of_a_worker_comes_from_the_same_manifests(tmp_path: Path) -> None:
    manifest = pipeline_manifest()
    stage = manifest["spec"]["stages"][0]
    stage["model"]["secret"] = {"name": "s3"}
    stage["template"] = {
        "env": [
            {"name": "PLAIN", "value": "1"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s3", "key": "AWS_SECRET_ACCESS_KEY"}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        ]
    }
    secret = {
        "kind": "Secret",
        "metadata": {"name": "s3", "namespace": "demo"},
        "stringData": {"AWS_SECRET_ACCESS_KEY": "sesame"},
    }
    made = plan_of(tmp_path, manifest, secret)
    assert made.stages[0].environment == {"AWS_SECRET_ACCESS_KEY": "sesame", "PLAIN": "1", "TOKEN": "sesame"}
    assert "sesame" not in repr(made)


def test_a_secret_must_not_load_code_into_a_worker(tmp_path: Path) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["model"]["secret"] = {"name": "s3"}
    secret = {
        "kind": "Secret",
        "metadata": {"name": "s3", "namespace": "demo"},
        "stringData": {"AWS_REGION": "x", "LD_AUDIT": "/x.so"},
    }
    with pytest.raises(InvalidInput, match='stage "classify": Secret s3 has a key LD_AUDIT: workers must not get'):
        plan_of(tmp_path, manifest, secret)


def test_topics_keep_no_more_copies_than_there_are_brokers(tmp_path: Path) -> None:
    topologies = plan_of(tmp_path, pipeline_manifest(images={"replicas": 3})).topologies
    clamped, changed = on_brokers(topologies, 1)
    assert changed == 3
    assert {topic.replicas for topic in clamped[0].topics} == {1}
    assert on_brokers(topologies, 3) == (list(topologies), 0)


def test_a_stage_with_autoscaling_starts_with_its_minimum_and_has_as_many_workers_as_cpus(tmp_path: Path) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["autoscaling"] = {"min": 1, "max": 20, "drainTarget": "30s"}

    made = plan_of(tmp_path, manifest, cpus=8)
    (run,) = made.stages

    assert (run.workers, run.settings.loops) == (1, 1)
    assert run.scaling is not None
    assert (run.scaling.minimum, run.scaling.maximum, run.scaling.drain_target_s) == (1, 8, 30)
    assert any("autoscaling up to 8 worker(s)" in note for note in made.notes)


def test_more_workers_than_cpus_are_started_if_workers_says_so(tmp_path: Path) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["autoscaling"] = {"max": 20}

    (run,) = plan_of(tmp_path, manifest, cpus=2, workers=20).stages

    assert run.workers == 0
    assert run.scaling is not None
    assert run.scaling.maximum == 20


def test_a_stage_that_only_gets_recommendations_has_a_fixed_number_of_workers(tmp_path: Path) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0] |= {"replicas": 2, "autoscaling": {"max": 4, "metricsOnly": True}}

    (run,) = plan_of(tmp_path, manifest, workers=3).stages

    assert run.workers == 3
    assert run.scaling is not None
    assert run.scaling.metrics_only
