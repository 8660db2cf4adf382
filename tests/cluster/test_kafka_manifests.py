"""The API server, with Strimzi's own CRDs, accepts the manifests of k8s/kafka without a warning."""

import subprocess
from pathlib import Path

import pytest

from tests.support.kube.api_server import ApiServer

_KAFKA = Path(__file__).parents[2] / "k8s" / "kafka"


@pytest.mark.parametrize(
    ("folder", "kinds"),
    [
        ("plain", {"namespace", "service", "statefulset", "configmap", "networkpolicy"}),
        ("strimzi", {"kafka", "kafkanodepool"}),
        ("strimzi/production", {"kafka", "kafkanodepool"}),
    ],
)
def test_the_api_server_accepts_the_manifests(
    api_server: ApiServer, namespace: str, folder: str, kinds: set[str]
) -> None:
    manifests = _kubectl(api_server, "kustomize", str(_KAFKA / folder)).replace(
        "namespace: kafka", f"namespace: {namespace}"
    )
    said = _kubectl(
        api_server, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", manifests=manifests
    ).splitlines()
    assert {line.split("/")[0].split(".")[0] for line in said} == kinds
    assert all("(server dry run)" in line and "warning" not in line.lower() for line in said)


def _kubectl(api_server: ApiServer, *arguments: str, manifests: str = "") -> str:
    done = subprocess.run(
        [api_server.kubectl, "--kubeconfig", api_server.kubeconfig, *arguments],
        input=manifests,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout
