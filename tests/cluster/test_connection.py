"""The command line uses the ingestion service of a cluster through the API server, with few rights."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.kafka import SharedKafka
from tests.support.kube.api_server import ApiServer
from tests.support.kube.port_forwards import forwarding_node, ready_pod
from tests.support.services.command_line import DARKROOM, Ran
from tests.support.services.ingestion import JPEG, Pipeline, Service, make_pipeline

LABELS = {"app.kubernetes.io/part-of": "darkroom", "app.kubernetes.io/component": "ingestion"}
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"


@dataclass
class Forwarded:
    """A service whose pod is in `namespace`."""

    api_server: ApiServer
    namespace: str
    pipeline: Pipeline

    def run(self, *command: str | Path, account: str | None = None) -> Ran:
        server = self.api_server
        kubeconfig = (
            server.kubeconfig if account is None else server.kubeconfig_for_service_account(self.namespace, account)
        )
        path = f"{server.kubectl.parent}{os.pathsep}{DARKROOM.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [str(part) for part in command],
            env={"PATH": path, "HOME": "/nonexistent", "KUBECONFIG": str(kubeconfig)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def account(self, name: str, **rules: list[str]) -> str:
        """A service account that has these verbs on resources of its namespace."""
        api = self.api_server.admin.api()
        api.create(f"/api/v1/namespaces/{self.namespace}/serviceaccounts", {"metadata": {"name": name}})
        granted = [
            {"apiGroups": [""], "resources": [resource.replace("__", "/")], "verbs": verbs}
            for resource, verbs in rules.items()
        ]
        api.create(f"{RBAC}/{self.namespace}/roles", {"metadata": {"name": name}, "rules": granted})
        subject = {"kind": "ServiceAccount", "name": name, "namespace": self.namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        binding = {"metadata": {"name": name}, "subjects": [subject], "roleRef": role}
        api.create(f"{RBAC}/{self.namespace}/rolebindings", binding)
        return name


@pytest.fixture(scope="module")
def forwarded(
    api_server: ApiServer, kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Forwarded]:
    folder = tmp_path_factory.mktemp("forwarded")
    pipeline = make_pipeline(kafka.bootstrap_servers, max_bytes="5Mi")
    service = Service(folder, [pipeline])
    namespace = api_server.namespace("darkroom")
    try:
        service.start()
        with forwarding_node(api_server.admin.api(), f"node-of-{namespace}", folder):
            ready_pod(api_server.admin.api(), namespace, f"node-of-{namespace}", LABELS, service.port)
            yield Forwarded(api_server, namespace, pipeline)
    finally:
        service.kill()


def test_kubectl_darkroom_shows_the_status_of_the_clusters_pipelines(forwarded: Forwarded) -> None:
    ran = forwarded.run("kubectl", "darkroom", "status", "--service-namespace", forwarded.namespace)
    assert f"{forwarded.pipeline.namespace}/{forwarded.pipeline.name}" in ran.out, ran.err
    assert "No worker of the stage is connected" in " ".join(ran.out.split())
    assert ran.code == 1


def test_images_of_several_mebibytes_are_sent_in_parallel(forwarded: Forwarded, tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.jpg").write_bytes(JPEG + os.urandom(3 * 2**20))
    where = ("--context", "test", "--service-namespace", forwarded.namespace)
    ran = forwarded.run(DARKROOM, "submit", tmp_path, "--json", *where)
    assert ran.code == 0, ran.err
    assert len({image["id"] for image in ran.json}) == 8


def test_rights_in_the_namespace_of_the_service_are_enough(forwarded: Forwarded) -> None:
    account = forwarded.account("reader", pods=["list"], pods__portforward=["get", "create"])
    ran = forwarded.run(DARKROOM, "status", "-n", forwarded.namespace, account=account)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"no pipeline in namespace {forwarded.namespace}: apply an ImagePipeline")


def test_missing_rights_are_named(forwarded: Forwarded) -> None:
    nothing = forwarded.account("nothing", configmaps=["get"])
    ran = forwarded.run(DARKROOM, "status", "-n", forwarded.namespace, account=nothing)
    assert ran.code == 1
    assert (
        "does not let you list pods in all namespaces (Forbidden): give the namespace of the ingestion service with"
        in ran.err
    )

    lister = forwarded.account("lister", pods=["list"])
    ran = forwarded.run(DARKROOM, "status", "-n", forwarded.namespace, account=lister)
    assert ran.code == 3
    assert f"you may not get and create pods/portforward in namespace {forwarded.namespace}" in ran.err


def test_doctor_checks_the_cluster(forwarded: Forwarded) -> None:
    ran = forwarded.run("kubectl", "darkroom", "doctor", "--json", "--service-namespace", forwarded.namespace)
    states = {finding["check"]: finding["state"] for finding in ran.json["checks"]}
    cluster = {check: states[check] for check in ("API server", "clock", "CRD", "ingestion service")}
    assert cluster == {"API server": "Ok", "clock": "Ok", "CRD": "Ok", "ingestion service": "Ok"}, ran.out

    nothing = forwarded.account("nobody", configmaps=["get"])
    ran = forwarded.run(DARKROOM, "doctor", "--json", "-n", forwarded.namespace, account=nothing)
    states = {finding["check"]: finding["state"] for finding in ran.json["checks"]}
    assert (ran.code, states["CRD"], states["ingestion service"]) == (1, "Skipped", "Problem")
