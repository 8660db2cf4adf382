"""Manifest files: every problem with its file, line and path, and what the pipelines refer to."""

import base64
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from darkroom_cli.manifests.bundle import Bundle, load_bundle
from darkroom_cli.manifests.documents import line_of
from darkroom_cli.manifests.references import Inline, Missing, OnDisk, Remote, find, missing_references
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
    assert [each.key for each in bundle.pipelines] == [("demo", "digits")]
    assert bundle.config_maps["demo", "digits-model"]["digits.onnx"] == Path("models/digits/digits.onnx").read_bytes()
    assert missing_references(bundle, in_cluster=False) == []


def test_every_problem_of_a_file_is_told_with_its_line_and_path(tmp_path: Path) -> None:
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


def test_a_syntax_error_is_told_with_its_line_and_the_other_files_are_still_checked(tmp_path: Path) -> None:
    broken, missing = tmp_path / "broken.yaml", tmp_path / "missing.yaml"
    broken.write_text("kind: ImagePipeline\nspec: [1, 2\nmetadata: {}\n", encoding="utf-8")
    problems = lines(load_bundle([broken, missing]))
    assert problems[0].startswith(f"{broken}:3: YAML syntax: ")
    assert problems[1] == f"{missing}: can't be read: No such file or directory"


def test_a_field_given_twice_is_a_problem_though_yaml_would_take_the_last(tmp_path: Path) -> None:
    file = tmp_path / "twice.yaml"
    file.write_text("kind: ConfigMap\nmetadata: {name: a}\nmetadata: {name: b}\n", encoding="utf-8")
    assert lines(load_bundle([file])) == [f"{file}:3: field 'metadata' is given twice"]


def test_two_pipelines_of_one_name_are_a_problem(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, pipeline_manifest(), pipeline_manifest())
    assert len(bundle.problems) == 1
    assert bundle.problems[0].path == "metadata.name"


def test_kinds_that_do_not_run_here_are_passed_over_with_a_note(tmp_path: Path) -> None:
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


def test_a_uri_leads_to_the_config_map_of_the_same_namespace(tmp_path: Path) -> None:
    model = {"kind": "ConfigMap", "metadata": {"name": "m", "namespace": "demo"}, "data": {"a.onnx": "x"}}
    bundle = bundle_of(tmp_path, pipeline_manifest(), model)
    (loaded,) = bundle.pipelines
    (tmp_path / "b.onnx").write_bytes(b"y")
    assert find("configmap://m/a.onnx", loaded, bundle) == Inline("m", "a.onnx", b"x")
    assert find("file:b.onnx", loaded, bundle) == OnDisk(tmp_path / "b.onnx")
    assert find(f"file://{tmp_path}/b.onnx", loaded, bundle) == OnDisk(tmp_path / "b.onnx")
    assert find("https://models.example/a.onnx", loaded, bundle) == Remote("https://models.example/a.onnx")
    assert find("configmap://m/b.onnx", loaded, bundle) == Missing(
        "ConfigMap demo/m has no key 'b.onnx': it holds a.onnx", elsewhere=False
    )


@pytest.mark.parametrize("uri", ["configmap://other/a.onnx", "file:gone.onnx", "pvc://claim/a.onnx"])
def test_what_only_a_cluster_has_is_missing_here_and_not_there(tmp_path: Path, uri: str) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["model"]["uri"] = uri
    bundle = bundle_of(tmp_path, manifest)
    (finding,) = missing_references(bundle, in_cluster=False)
    assert finding.path == "spec.stages[0].model.uri"
    assert 'stage "classify"' in finding.message
    assert missing_references(bundle, in_cluster=True) == []


def test_the_line_of_a_path_that_is_not_there_is_that_of_its_nearest_part() -> None:
    node = yaml.compose("a:\n  b:\n    - c: 1\n    - d: 2\n")
    assert node is not None
    assert [line_of(node, path) for path in ("", "a.b", "a.b[1]", "a.b[1].d", "a.b[1].x", "a.b[7].x", "z")] == [
        1, 2, 4, 4, 4, 2, 1,
    ]  # fmt: skip
