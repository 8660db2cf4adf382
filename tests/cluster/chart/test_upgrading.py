"""Upgrades from earlier charts while a pipeline runs: first the CRD, as the document says, then the release."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from darkroom.api.crd import image_pipeline_crd
from tests.support.chart import CHART, PREVIOUS, Helm
from tests.support.documents import ROOT, blocks
from tests.support.kafka import SharedKafka
from tests.support.kube.api_server import ApiServer
from tests.support.kube.clusters import running_control_plane
from tests.support.kube.kubelet import FakeKubelet
from tests.support.services.operator import Site, site
from tests.support.strimzi.crds import strimzi_crds
from tests.support.until import until

_DOCUMENT = Path("docs/how-to/install-on-kubernetes.md")
_CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/imagepipelines.darkroom.dev"
_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.mark.parametrize("chart", PREVIOUS, ids=lambda chart: chart.stem)
def test_a_pipeline_runs_on_while_crd_and_release_are_upgraded(chart: Path, tmp_path: Path, kafka: SharedKafka) -> None:
    with running_control_plane(tmp_path / "kubernetes", strimzi_crds()) as control_plane:
        server = control_plane.server
        api, namespace = server.admin.api(), server.namespace("release", _RESTRICTED)
        helm = Helm(tmp_path, server.kubeconfig)
        with FakeKubelet(api, namespace):
            replace(helm, chart=chart).install("darkroom", namespace)
            former = api.get(_CRD)
            service = f"/apis/apps/v1/namespaces/{namespace}/statefulsets/darkroom-ingestion"
            installed = api.get(service)
            with site(server, tmp_path) as here:
                here.start_all(kafka.bootstrap_servers)
                here.apply(here.manifest())
                here.wait_ready()
                before = state(here)

                upgrade_crd(server)
                until(lambda: api.get(_CRD)["metadata"]["generation"] > former["metadata"]["generation"], "the new CRD")
                helm.upgrade("darkroom", namespace)

                assert api.get(_CRD)["spec"]["versions"] == image_pipeline_crd()["spec"]["versions"]
                assert former["spec"]["versions"] != image_pipeline_crd()["spec"]["versions"]
                assert api.get(service)["metadata"]["uid"] == installed["metadata"]["uid"]
                assert state(here) == before

                here.change(replicas=2)
                assert here.wait_ready()["status"]["stages"][0]["readyReplicas"] == 2
            helm.uninstall("darkroom", namespace)


def state(here: Site) -> list[tuple[str, int]]:
    """What must not change: the pipeline and its workers are the same objects, with the same specification."""
    paths = here.path("imagepipelines", "digits"), here.path("deployments", "digits-classify")
    found = [here.api.get(path) for path in paths]
    assert here.condition("Ready")["status"] == "True"
    return [(manifest["metadata"]["uid"], manifest["metadata"]["generation"]) for manifest in found]


def upgrade_crd(server: ApiServer) -> None:
    """The command of the document, with the kubectl and the cluster of the test."""
    (command,) = (
        line
        for block in blocks(_DOCUMENT, "sh cluster upgrade")
        for line in block.commands.splitlines()
        if str(CHART.relative_to(ROOT) / "crds") in line
    )
    words = command.split()
    assert words[0] == "kubectl"
    subprocess.run(
        [server.kubectl, "--kubeconfig", server.kubeconfig, *words[1:]],
        cwd=ROOT,
        check=True,
        timeout=60,
        capture_output=True,
    )
