"""Manifest files: pipelines, ConfigMaps and Secrets, and every problem with its file, line and path."""

import base64
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from darkroom_cli.manifests.bundle import Bundle, load_bundle
from darkroom_cli.manifests.references import missing_references
from tests.support.manifests import pipeline_manifest

SAMPLE = Path("k8s/samples/digits.yaml")


def bundle_of(folder: Path, *documents: object) -> Bundle:
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return load_bundle([file])


def lines(bundle: Bundle) -> list[str]:
    return [str(problem) for problem in bundle.problems]


def test_the_sample_is_one_pipeline_with_its_models() -> None:
    bundle = load_bundle([SAMPLE])
    assert lines(bundle) == []
    assert [pipeline.key for pipeline in bundle.pipelines] == [("demo", "digits")]
    assert bundle.config_maps["demo", "digits-model"]["digits.onnx"] == Path("models/digits/digits.onnx").read_bytes()
    assert missing_references(bundle, in_cluster=False) == []


def test_every_problem_of_a_file_has_its_line_and_path(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        """\
apiVersion: darkroom.dev/v1alpha1
kind: ImagePipeline
metadata: {name: digits, namespace: demo}
spec:
  kafka: {cluster: {name: events}}
  images:
    partitons: 12
  stages:
    - name: a
      model: {uri: "file:a.onnx"}
      output:
        type: Clasification
""",
        encoding="utf-8",
    )
    problems = lines(load_bundle([file]))
    assert len(problems) == 2
    assert problems[0].startswith(f"{file}:7: spec.images.partitons: unknown field")
    assert problems[1].startswith(f"{file}:12: spec.stages[0].output.type: 'Clasification' is not one of")


def test_a_syntax_error_has_its_line_and_other_files_are_checked(tmp_path: Path) -> None:
    broken, missing = tmp_path / "broken.yaml", tmp_path / "missing.yaml"
    broken.write_text("kind: ImagePipeline\nspec: [1, 2\nmetadata: {}\n", encoding="utf-8")
    problems = lines(load_bundle([broken, missing]))
    assert problems[0].startswith(f"{broken}:3: YAML syntax: ")
    assert problems[1] == f"{missing}: can't be read: No such file or directory"


def test_a_duplicate_field_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "twice.yaml"
    file.write_text("kind: ConfigMap\nmetadata: {name: a}\nmetadata: {name: b}\n", encoding="utf-8")
    assert lines(load_bundle([file])) == [f"{file}:3: field 'metadata' is given twice"]


def test_two_pipelines_of_one_name_are_a_problem(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, pipeline_manifest(), pipeline_manifest())
    assert len(bundle.problems) == 1
    assert bundle.problems[0].path == "metadata.name"


def test_unused_kinds_are_ignored_with_a_note(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, pipeline_manifest(), {"kind": "Deployment", "metadata": {"name": "web"}})
    assert bundle.problems == []
    assert ["Deployment web" in str(note) for note in bundle.notes] == [True]


@pytest.mark.parametrize(
    ("config_map", "path"),
    [
        ({"binaryData": {"a": "!"}}, "binaryData.a"),
        ({"data": {"a": 1}}, "data.a"),
        ({"data": "a"}, "data"),
        ({"data": {"../a": "x"}}, "data.../a"),
    ],
)
def test_a_config_map_that_can_not_be_read_is_a_problem(
    tmp_path: Path, config_map: dict[str, object], path: str
) -> None:
    bundle = bundle_of(tmp_path, {"kind": "ConfigMap", "metadata": {"name": "m"}, **config_map})
    assert [problem.path for problem in bundle.problems] == [path]


@given(st.binary(max_size=200), st.text(alphabet="abc\n é", max_size=50))
def test_config_maps_and_secrets_give_the_bytes_back(content: bytes, text: str) -> None:
    encoded = base64.encodebytes(content).decode()
    documents = [
        {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"t": text}, "binaryData": {"b": encoded}},
        {"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"t": text}, "data": {"b": encoded}},
    ]
    with tempfile.TemporaryDirectory() as folder:
        bundle = bundle_of(Path(folder), *documents)
    assert bundle.config_maps["default", "c"] == bundle.secrets["default", "s"] == {"t": text.encode(), "b": content}
