"""The rights that the Helm chart gives: to its own accounts only what they need, to people what their roles say."""

from typing import Any

import pytest

from tests.support.chart import Helm, grant
from tests.support.kube.access import Access
from tests.support.kube.api import ApiError
from tests.support.kube.api_server import ApiServer
from tests.support.until import until


def test_the_ingestion_service_may_read_its_two_secrets_and_no_other(
    helm: Helm, api_server: ApiServer, namespace: str
) -> None:
    kafka = api_server.namespace("kafka")
    values = {"ingestion": {"kafka": {"clusters": [{"name": "events", "namespace": kafka}]}}}
    ingestion = account(helm, api_server, namespace, values, "darkroom-ingestion")
    user = f"{namespace}-darkroom-ingestion"

    assert may(ingestion, "get", "secrets", kafka, name=user)
    assert may(ingestion, "get", "secrets", kafka, name="events-cluster-ca-cert")
    assert may(ingestion, "watch", "imagepipelines", group="darkroom.dev")
    assert may(ingestion, "list", "kafkas", group="kafka.strimzi.io")
    for verb, resource, where, name in (
        ("get", "secrets", kafka, "another"),
        ("list", "secrets", kafka, ""),
        ("get", "secrets", namespace, user),
        ("update", "secrets", kafka, user),
        ("list", "pods", namespace, ""),
    ):
        assert not may(ingestion, verb, resource, where, name=name), (verb, resource, where, name)
    assert not may(ingestion, "patch", "imagepipelines", group="darkroom.dev")


def test_an_operator_of_some_namespaces_has_no_rights_in_others(
    helm: Helm, api_server: ApiServer, namespace: str
) -> None:
    mine, others = api_server.namespace("mine"), api_server.namespace("others")
    values = {"operator": {"watchNamespaces": [mine]}}
    operator = account(helm, api_server, namespace, values, "darkroom-operator")

    assert may(operator, "list", "secrets", mine)
    assert may(operator, "patch", "deployments", mine, group="apps")
    assert may(operator, "update", "leases", namespace, group="coordination.k8s.io", name="darkroom-operator")
    assert not may(operator, "update", "leases", namespace, group="coordination.k8s.io", name="another")
    for resource, group in (("secrets", ""), ("deployments", "apps"), ("kafkatopics", "kafka.strimzi.io")):
        assert not may(operator, "list", resource, others, group=group)
        assert not may(operator, "list", resource, group=group)


@pytest.mark.parametrize(
    ("verb", "resource", "group"),
    [
        ("create", "imagepipelines", "darkroom.dev"),
        ("delete", "imagepipelines", "darkroom.dev"),
        ("create", "pods", ""),
        ("delete", "pods", ""),
        ("create", "clusterrolebindings", "rbac.authorization.k8s.io"),
        ("patch", "namespaces", ""),
        ("patch", "kafkas", "kafka.strimzi.io"),
        ("create", "serviceaccounts/token", ""),
    ],
)
def test_the_operator_may_not(
    verb: str, resource: str, group: str, helm: Helm, api_server: ApiServer, namespace: str
) -> None:
    operator = account(helm, api_server, namespace, {}, "darkroom-operator")
    assert not may(operator, verb, resource, group=group)
    assert may(operator, "list", "imagepipelines", group="darkroom.dev")


@pytest.mark.parametrize(
    ("role", "may_do", "may_not_do"),
    [
        ("view", [("get", "images"), ("get", "deadletters"), ("watch", "")], [("create", "images"), ("create", "")]),
        ("edit", [("create", "images"), ("get", "images")], [("update", "deadletters"), ("patch", "")]),
        (
            "admin",
            [("create", "images"), ("update", "deadletters"), ("create", ""), ("patch", "scale")],
            [("patch", "status")],
        ),
    ],
)
def test_people_have_rights_through_the_roles_of_kubernetes(
    role: str,
    may_do: list[tuple[str, str]],
    may_not_do: list[tuple[str, str]],
    helm: Helm,
    api_server: ApiServer,
    namespace: str,
) -> None:
    api = api_server.admin.api()
    prefix = f"{namespace}-people"
    roles = helm.template("darkroom", namespace, {"userRoles": {"prefix": prefix}})
    for manifest in roles:
        if manifest["metadata"]["name"].startswith(prefix):
            api.apply(f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{manifest['metadata']['name']}", manifest)
    api.apply(
        f"/api/v1/namespaces/{namespace}/serviceaccounts/person",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "person"}},
    )
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "person"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "person", "namespace": namespace}],
    }
    api.apply(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/person", binding)
    person = api_server.admin.as_service_account(namespace, "person")

    def allowed(verb: str, subresource: str) -> bool:
        return may(person, verb, f"imagepipelines/{subresource}".rstrip("/"), namespace, group="darkroom.dev")

    until(lambda: all(allowed(*right) for right in may_do), f"{role} includes the rights of Darkroom")
    assert not any(allowed(*right) for right in may_not_do)
    for kind in ("viewer", "submitter", "admin"):
        api.delete(f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{prefix}-{kind}")


def account(helm: Helm, api_server: ApiServer, namespace: str, values: dict[str, Any], name: str) -> Access:
    """A service account of the chart with its rights; nothing else is installed."""
    grant(api_server.admin.api(), helm.template("darkroom", namespace, values))
    return api_server.admin.as_service_account(namespace, name)


def may(who: Access, verb: str, resource: str, namespace: str = "", group: str = "", name: str = "") -> bool:
    """Whether the API server would allow this to `who`."""
    resource, _, subresource = resource.partition("/")
    asked = {"verb": verb, "resource": resource, "subresource": subresource, "group": group}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {**asked, "namespace": namespace, "name": name}},
    }
    try:
        answer = who.api().create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    except ApiError as error:
        raise AssertionError(f"the review itself was refused: {error}") from error
    return bool(answer["status"]["allowed"])
