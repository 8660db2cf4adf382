"""Everything that the chart renders passes rules such as those that kube-linter enables by default.

The API server's own checks, among them those of Pod Security, are in test_rendering.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.chart.test_rendering import COMBINATIONS, within
from tests.support.chart import Helm, of_kind
from tests.support.kube.api import Manifest


@pytest.fixture(scope="module", params=list(COMBINATIONS))
def manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    helm = Helm(tmp_path_factory.mktemp("helm"))
    return helm.template("try", "darkroom", within("kafka", COMBINATIONS[request.param]))


def test_containers_are_confined_and_have_requests_and_a_memory_limit(manifests: list[Manifest]) -> None:
    for _, pod in pods(manifests):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            resources = container["resources"]
            assert set(resources["requests"]) >= {"cpu", "memory"}
            assert "memory" in resources["limits"]
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)


def test_images_have_a_version(manifests: list[Manifest]) -> None:
    for _, pod in pods(manifests):
        for container in pod["containers"]:
            name = container["image"].rpartition("/")[2]
            assert ":" in name
            assert not name.endswith(":latest")


def test_no_variable_holds_a_secret_as_plain_text(manifests: list[Manifest]) -> None:
    for _, pod in pods(manifests):
        for container in pod["containers"]:
            for variable in container.get("env", []):
                suspicious = any(word in variable["name"] for word in ("SECRET", "PASSWORD", "TOKEN", "KEY"))
                assert not (suspicious and "value" in variable), variable["name"]
    assert all(name.endswith("-session-key") for name in of_kind(manifests, "Secret"))


def test_services_budgets_and_policies_select_pods_and_ports_that_exist(manifests: list[Manifest]) -> None:
    workloads = list(pods(manifests))
    selectors = [
        (service["spec"]["selector"], [port["targetPort"] for port in service["spec"]["ports"]])
        for service in of_kind(manifests, "Service").values()
    ]
    for kind, field in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        selectors += [(found["spec"][field]["matchLabels"], []) for found in of_kind(manifests, kind).values()]
    for labels, ports in selectors:
        (pod,) = (pod for own, pod in workloads if labels.items() <= own.items())
        named = {port["name"] for container in pod["containers"] for port in container["ports"]}
        assert set(ports) <= named


def test_accounts_exist_and_pods_name_them(manifests: list[Manifest]) -> None:
    made = set(of_kind(manifests, "ServiceAccount")) | {"default"}
    assert all(pod["serviceAccountName"] in made for _, pod in pods(manifests))


def pods(manifests: list[Manifest]) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """The labels and the spec of the pods of every workload."""
    for manifest in manifests:
        if manifest["kind"] in {"Deployment", "StatefulSet"}:
            template = manifest["spec"]["template"]
            yield template["metadata"]["labels"], template["spec"]
