"""What `darkroom up` says of a changed mode."""

from pathlib import Path

import pytest
import yaml

from darkroom.kafka.connection import KafkaConnection
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.runner.mode_changes import changed_modes
from darkroom_cli.runner.plan import LocalRun, plan
from darkroom_cli.runner.services import write_documents
from darkroom_cli.runner.state_folder import StateFolder
from tests.support.manifests import pipeline_manifest


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    with StateFolder(tmp_path / "data") as folder:
        return folder


def run_with(folder: StateFolder, mode: str) -> LocalRun:
    manifest = pipeline_manifest(stages=["classify", "embed"])
    manifest["spec"]["stages"][0]["mode"] = mode
    file = folder.path / "pipeline.yaml"
    file.write_text(yaml.safe_dump(manifest))
    kafka = KafkaConnection(bootstrap_servers="127.0.0.1:9")
    return plan(load_bundle([file]), kafka, workers=1, cpus=1, store=folder.store)


def test_a_changed_mode_is_said_with_what_happens_to_the_images(folder: StateFolder) -> None:
    before = run_with(folder, "Ordered")
    assert list(changed_modes(before.stages, folder)) == []
    write_documents(before, folder)
    assert list(changed_modes(before.stages, folder)) == []
    (said,) = changed_modes(run_with(folder, "Queue").stages, folder)
    assert said.startswith("demo/digits classify: mode Queue instead of Ordered: images are analysed again")


def test_unreadable_settings_of_another_version_are_passed_over(folder: StateFolder) -> None:
    folder.settings("demo", "digits", "classify").write_text("{}")
    assert list(changed_modes(run_with(folder, "Queue").stages, folder)) == []
