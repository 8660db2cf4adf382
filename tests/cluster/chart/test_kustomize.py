"""k8s/kustomize is what the chart renders, and the API server accepts it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from darkroom.api.crd import image_pipeline_crd
from scripts.kustomize import BASE, FOLDER, ROOT, generated, key, namespace, overlays, rendered, written_by_hand
from tests.support.chart import Helm
from tests.support.kube.api_server import ApiServer
from tests.support.kube.tools import kubernetes_programs

FOLDERS = [BASE, *overlays()]


def test_no_file_is_stale_and_none_is_left_over(helm: Helm) -> None:
    files = generated(helm)
    found = {path.relative_to(ROOT) for path in (ROOT / FOLDER).glob("**/*.yaml")} - written_by_hand()
    assert found == set(files), "run `make kustomize`"
    stale = [path for path, content in files.items() if (ROOT / path).read_text(encoding="utf-8") != content]
    assert stale == [], "run `make kustomize`"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_kustomize_makes_what_the_chart_renders(folder: Path, helm: Helm) -> None:
    made = yaml.safe_load_all(kubectl("kustomize", folder))
    expected = [namespace(), image_pipeline_crd(), *rendered(helm, folder)]
    assert by_key(made) == by_key(expected)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_api_server_accepts_every_object_and_field(folder: Path, api_server: ApiServer) -> None:
    for name in ("darkroom", "demo", "kafka"):
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        api_server.admin.api().apply(f"/api/v1/namespaces/{name}", manifest)
    options = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
    said = kubectl("apply", "-k", folder, *options, f"--kubeconfig={api_server.kubeconfig}")
    assert "deployment.apps/darkroom-operator serverside-applied (server dry run)" in said


def by_key(manifests: Any) -> dict[Any, Any]:
    return {key(manifest): manifest for manifest in manifests}


def kubectl(*arguments: object) -> str:
    done = subprocess.run(
        [kubernetes_programs().kubectl, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
