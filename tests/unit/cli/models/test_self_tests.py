"""A saved self-test is passed by the stage that it was saved from."""

import os
from pathlib import Path

import pytest
import yaml
from PIL import Image

from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.manifests.references import missing_references
from darkroom_cli.models.analysis import analyse_files
from darkroom_cli.models.initial import write_manifest
from darkroom_cli.models.self_tests import SavedTests
from darkroom_cli.models.settings import prepared
from darkroom_cli.models.source import model_source
from darkroom_cli.runner.plan import plan
from darkroom_vision.stage import load_stage
from tests.support.models.made_families import MADE


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    for seed, file in enumerate(files):
        Image.frombytes(
            "RGB", (90 + seed, 70), bytes((i * (7 + seed)) % 256 for i in range((90 + seed) * 70 * 3))
        ).save(file)
    return files


def settings_of(manifest: Path) -> StageSettings:
    """The settings of the workers that `darkroom up` would start."""
    bundle = load_bundle([manifest])
    assert bundle.problems == []
    assert missing_references(bundle, in_cluster=False) == []
    kafka = KafkaConnection(bootstrap_servers="b:9092")
    run = plan(bundle, kafka, workers=1, cpus=1, store=lambda name, _: Path(name))
    return run.stages[0].settings


def saved(manifest: Path, model: Path, images: list[Path], stage: str = "") -> None:
    tests = SavedTests.of(f"{manifest}{stage}", model)
    for analysed in analyse_files(prepared(model_source(str(model)), f"{manifest}{stage}"), images):
        tests.add(analysed)
    tests.write()


@pytest.mark.parametrize("name", MADE)
def test_the_stage_passes_the_tests_that_are_written_with_it(tmp_path: Path, name: str, images: list[Path]) -> None:
    model = MADE[name](tmp_path / "m.onnx")
    manifest = tmp_path / "p.yaml"
    write_manifest(model, manifest, name=None, samples=images[:1], replace=False)
    assert len(load_stage(settings_of(manifest)).self_test_seconds) == 1
    saved(manifest, model, images)
    settings = settings_of(manifest)
    assert [test.image for test in settings.stage.self_test] == ["file:a.png", "file:b.png"]
    assert len(load_stage(settings).self_test_seconds) == 2
    before = manifest.read_text()
    saved(manifest, model, images)
    assert manifest.read_text() == before


@pytest.mark.parametrize("name", ["masks", "segmentation"])
def test_results_are_compared_before_they_are_cut_to_the_size_of_a_record(
    tmp_path: Path, name: str, images: list[Path]
) -> None:
    model = MADE[name](tmp_path / "m.onnx")
    write_manifest(model, tmp_path / "p.yaml", name=None, samples=images, replace=False)
    settings = settings_of(tmp_path / "p.yaml").model_copy(update={"max_result_bytes": 1})
    assert len(load_stage(settings).self_test_seconds) == 2


def test_another_model_than_that_of_the_stage_is_refused(tmp_path: Path) -> None:
    model = MADE["detector"](tmp_path / "m.onnx")
    write_manifest(model, tmp_path / "p.yaml", name=None, samples=(), replace=False)
    other = MADE["yolov5"](tmp_path / "other.onnx")
    with pytest.raises(InvalidInput, match='stage "detect" has another model than'):
        SavedTests.of(str(tmp_path / "p.yaml"), other)


def test_a_manifest_that_cannot_be_edited_is_left_alone_and_the_block_is_told(
    tmp_path: Path, images: list[Path]
) -> None:
    model = MADE["detector"](tmp_path / "m.onnx")
    write_manifest(model, tmp_path / "p.yaml", name=None, samples=(), replace=False)
    text = yaml.safe_dump(yaml.safe_load((tmp_path / "p.yaml").read_text()), default_flow_style=True)
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=r"p.yaml: the stage is in flow style") as refused:
        saved(tmp_path / "p.yaml", model, images[:1])
    block = str(refused.value).partition("\n")[2]
    assert yaml.safe_load(block)["selfTest"][0]["image"] == "file:a.png"
    assert (tmp_path / "p.yaml").read_text() == text


def test_tests_that_make_the_manifest_invalid_are_not_saved(tmp_path: Path, images: list[Path]) -> None:
    model = MADE["embedding"](tmp_path / "m.onnx")
    write_manifest(model, tmp_path / "p.yaml", name=None, samples=(), replace=False)
    before = (tmp_path / "p.yaml").read_text()
    many = []
    for number in range(11):
        many.append(tmp_path / f"{number}.png")
        os.link(images[0], many[-1])
    with pytest.raises(InvalidInput, match=r"the self-tests cannot be added: .*at most 10"):
        saved(tmp_path / "p.yaml", model, many)
    assert (tmp_path / "p.yaml").read_text() == before
