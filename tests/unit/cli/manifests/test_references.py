"""What a pipeline's URIs refer to, on this machine and in a cluster."""

from pathlib import Path

import pytest
import yaml

from darkroom_cli.manifests.bundle import Bundle, load_bundle
from darkroom_cli.manifests.references import Inline, Missing, OnDisk, Remote, find, missing_references
from tests.support.manifests import pipeline_manifest


def bundle_of(folder: Path, *documents: object) -> Bundle:
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return load_bundle([file])


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
def test_references_of_a_cluster_are_missing_only_on_this_machine(tmp_path: Path, uri: str) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["model"]["uri"] = uri
    bundle = bundle_of(tmp_path, manifest)
    (finding,) = missing_references(bundle, in_cluster=False)
    assert finding.path == "spec.stages[0].model.uri"
    assert 'stage "classify"' in finding.message
    assert missing_references(bundle, in_cluster=True) == []
