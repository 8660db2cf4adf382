"""The API server of the tests behaves like a cluster."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.kube.api import ApiError
from tests.support.kube.api_server import ApiServer
from tests.support.kube.control_plane import ControlPlane
from tests.support.kube.tools import kubernetes_version
from tests.support.until import until


@pytest.mark.skipif("KUBEBUILDER_ASSETS" in os.environ, reason="its version is that of the assets")
def test_it_has_the_version_that_the_run_asks_for(api_server: ApiServer) -> None:
    assert api_server.admin.api().get("/version")["gitVersion"] == kubernetes_version()


def test_a_service_account_may_do_only_what_its_role_says(api_server: ApiServer, namespace: str) -> None:
    admin = api_server.admin.api()
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    admin.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "reader"}})
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
    admin.create(f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace}
    admin.create(f"{rbac}/rolebindings", {"metadata": {"name": "reader"}, "roleRef": role, "subjects": [subject]})

    kubeconfig = api_server.kubeconfig_for_service_account(namespace, "reader")

    assert (
        "kube-root-ca.crt"
        in _kubectl(api_server, kubeconfig, "get", "configmaps", "-n", namespace, "-o", "name").stdout
    )
    refused = _kubectl(api_server, kubeconfig, "get", "secrets", "-n", namespace)
    assert f'User "system:serviceaccount:{namespace}:reader" cannot list resource "secrets"' in refused.stderr


def test_the_audit_log_records_who_wrote_what(api_server: ApiServer, namespace: str) -> None:
    user = f"system:serviceaccount:{namespace}:default"
    log = api_server.audit.from_now()
    default = api_server.admin.as_service_account(namespace, "default").api()

    with pytest.raises(ApiError, match="403 Forbidden"):
        default.get(f"/api/v1/namespaces/{namespace}/pods")
    with pytest.raises(ApiError, match="403 Forbidden"):
        default.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "mine"}})

    until(lambda: len(log.requests(user)) == 2, "both requests in the audit log")
    (write,) = log.writes(user)
    assert (write.verb, write.resource, write.namespace, write.code) == ("create", "configmaps", namespace, 403)


def test_children_are_deleted_with_an_owner_that_is_a_custom_resource(api_server: ApiServer, namespace: str) -> None:
    api = api_server.admin.api()
    topics = f"/apis/kafka.strimzi.io/v1/namespaces/{namespace}/kafkatopics"
    topic = api.create(
        topics, {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": {"name": "owner"}, "spec": {}}
    )
    owner = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "name": "owner",
        "uid": topic["metadata"]["uid"],
    }
    child = f"/api/v1/namespaces/{namespace}/configmaps/child"
    api.create(child.rsplit("/", 1)[0], {"metadata": {"name": "child", "ownerReferences": [owner]}})

    api.delete(f"{topics}/owner")

    until(lambda: api.find(child) is None, "the child gone")


def test_a_restart_keeps_the_address_the_data_and_the_rights(own_control_plane: ControlPlane) -> None:
    api = own_control_plane.server.admin.api()
    path = "/api/v1/namespaces/default/configmaps"
    api.create(path, {"metadata": {"name": "kept"}})

    own_control_plane.restart_api_server()

    assert api.get(f"{path}/kept")["metadata"]["name"] == "kept"


def _kubectl(api_server: ApiServer, kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(api_server.kubectl), "--kubeconfig", str(kubeconfig), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
