"""The Helm chart: the API server accepts it, it installs, and its accounts have only the rights they need."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.chart import CHART, Helm, HelmError, grant, of_kind
from tests.support.kube.access import Access
from tests.support.kube.api import ApiError
from tests.support.kube.api_server import ApiServer
from tests.support.kube.kubelet import FakeKubelet
from tests.support.until import until

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
STRIMZI = {"name": "events", "namespace": "KAFKA"}

COMBINATIONS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "on kind": yaml.safe_load((CHART / "values-kind.yaml").read_text()),
    "with Kafkas of Strimzi's and others": {
        "ingestion": {
            "kafka": {
                "clusters": [
                    STRIMZI,
                    {"name": "second", "namespace": "KAFKA", "authentication": "tls", "authorization": "none"},
                ],
                "others": [
                    {"bootstrapServers": "b1:9093", "tls": True, "secret": "kafka"},
                    {"bootstrapServers": "b2:9093"},
                ],
            }
        }
    },
    "in namespaces of its own": {
        "operator": {"watchNamespaces": ["KAFKA"]},
        "ingestion": {"namespaces": ["KAFKA"], "kafka": {"clusters": [STRIMZI]}},
    },
    "several replicas on PostgreSQL": {"ingestion": {"replicas": 3, "database": {"urlSecret": {"name": "postgresql"}}}},
    "without the ingestion service": {"ingestion": {"enabled": False}, "networkPolicy": {"enabled": False}},
    "with everything that can be set": {
        "fullnameOverride": "dark",
        "imagePullSecrets": [{"name": "registry"}],
        "grafanaDashboard": {"enabled": True},
        "operator": {
            "podAnnotations": {"a": "b"},
            "podLabels": {"c": "d"},
            "nodeSelector": {"kubernetes.io/arch": "amd64"},
            "tolerations": [{"operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
            "priorityClassName": "system-cluster-critical",
            "serviceAccount": {"annotations": {"e": "f"}},
        },
        "ingestion": {
            "extraArgs": ["--delivery-timeout=20"],
            "service": {"type": "NodePort"},
            "database": {"storage": {"size": "1Gi", "className": "standard"}},
            "serviceAccount": {"name": "default"},
        },
        "networkPolicy": {"ingestionFrom": [{"namespaceSelector": {}}], "metricsFrom": [{"podSelector": {}}]},
    },
}  # fmt: skip


@pytest.fixture
def helm(api_server: ApiServer, tmp_path: Path) -> Helm:
    return Helm(tmp_path, api_server.kubeconfig)


@pytest.fixture
def restricted(api_server: ApiServer) -> str:
    """A namespace that accepts only `restricted` pods, and warns about workloads with other pods."""
    return api_server.namespace("chart", RESTRICTED)


def test_the_chart_passes_lint(helm: Helm) -> None:
    assert "0 chart(s) failed" in helm.lint()


@pytest.mark.parametrize("values", COMBINATIONS.values(), ids=COMBINATIONS)
def test_the_api_server_accepts_everything_that_is_rendered(
    values: dict[str, Any], helm: Helm, api_server: ApiServer, restricted: str
) -> None:
    manifests = helm.template("try", restricted, within(restricted, values))

    apply = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
    done = subprocess.run(
        [api_server.kubectl, "--kubeconfig", api_server.kubeconfig, *apply],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_both_services_have_service_monitors(helm: Helm) -> None:
    manifests = helm.template(
        "try", "darkroom", {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}
    )
    monitors, services = of_kind(manifests, "ServiceMonitor"), of_kind(manifests, "Service")
    assert monitors.keys() == services.keys() == {"try-darkroom-operator", "try-darkroom-ingestion"}
    for name, monitor in monitors.items():
        assert monitor["spec"]["selector"]["matchLabels"].items() <= services[name]["metadata"]["labels"].items()
        assert monitor["spec"]["endpoints"][0]["port"] in {port["name"] for port in services[name]["spec"]["ports"]}


def test_services_and_workers_send_spans_to_the_collector(helm: Helm) -> None:
    off = helm.template("try", "darkroom")
    assert "OTEL" not in str(off)
    assert "otlp" not in str(off)
    on = helm.template(
        "try", "darkroom", {"tracing": {"endpoint": "http://collector.monitoring:4318", "sampleRatio": 0.5}}
    )
    [operator] = of_kind(on, "Deployment").values()
    arguments = operator["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"--worker-otlp-endpoint=http://collector.monitoring:4318", "--worker-trace-sample-ratio=0.5"} <= {
        *arguments
    }
    [ingestion] = of_kind(on, "StatefulSet").values()
    env = {v["name"]: v.get("value") for v in ingestion["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector.monitoring:4318"
    assert env["OTEL_TRACES_SAMPLER_ARG"] == "0.5"
    policy = of_kind(on, "NetworkPolicy")["try-darkroom-ingestion"]
    assert {"port": 4318, "protocol": "TCP"} in policy["spec"]["egress"][-1]["ports"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tracing": {"endpoint": "collector:4318"}}, "endpoint"),
        ({"ingestion": {"replcas": 2}}, "replcas"),
        ({"operator": {"image": {"pullPolicy": "Sometimes"}}}, "pullPolicy"),
        ({"operator": {"watchNamespaces": ["Not_A_Name"]}}, "watchNamespaces"),
        ({"ingestion": {"kafka": {"clusters": [{"name": "events"}]}}}, "namespace"),
        ({"ingestion": {"kafka": {"clusters": [{**STRIMZI, "authorization": "opa"}]}}}, "authorization"),
        ({"ingestion": {"replicas": 2}}, "ingestion.database.urlSecret.name"),
    ],
)
def test_invalid_values_are_refused_by_name(values: dict[str, Any], message: str, helm: Helm) -> None:
    with pytest.raises(HelmError, match=message):
        helm.template("try", "darkroom", values)


def test_a_kafka_user_has_acls_unless_its_kafka_has_no_authorization(helm: Helm) -> None:
    clusters = [{"name": "with", "namespace": "one"}, {"name": "without", "namespace": "two", "authorization": "none"}]
    manifests = helm.template("try", "darkroom", {"ingestion": {"kafka": {"clusters": clusters}}})
    users = [manifest for manifest in manifests if manifest["kind"] == "KafkaUser"]
    found = {user["metadata"]["namespace"]: user["spec"] for user in users}
    assert found["one"]["authorization"]["acls"]
    assert found["two"] == {"authentication": {"type": "scram-sha-512"}}


def test_selectors_do_not_depend_on_the_version(helm: Helm) -> None:
    for manifest in helm.template("try", "darkroom"):
        if manifest["kind"] in {"Deployment", "StatefulSet"}:
            assert set(manifest["spec"]["selector"]["matchLabels"]) == {
                "app.kubernetes.io/name",
                "app.kubernetes.io/instance",
                "app.kubernetes.io/component",
            }
            assert "0.1.0" not in json.dumps(manifest["spec"]["template"]["metadata"])


def test_it_installs_upgrades_and_uninstalls_completely(helm: Helm, api_server: ApiServer, restricted: str) -> None:
    api = api_server.admin.api()
    with FakeKubelet(api, restricted):
        notes = helm.install("darkroom", restricted)
        assert "kubectl get imgp -A" in notes

        path = f"/apis/apps/v1/namespaces/{restricted}/deployments/darkroom-operator"
        assert api.get(path)["status"]["readyReplicas"] == 2

        helm.upgrade("darkroom", restricted, {"operator": {"replicas": 1, "logLevel": "debug"}})
        # helm waits for the new pod; the old ones may still be terminating.
        until(lambda: api.get(path)["status"].get("readyReplicas") == 1, "one pod is left")
        assert "--log-level=debug" in api.get(path)["spec"]["template"]["spec"]["containers"][0]["args"]

        helm.uninstall("darkroom", restricted)
    for path in (
        f"/apis/apps/v1/namespaces/{restricted}/deployments",
        f"/apis/apps/v1/namespaces/{restricted}/statefulsets",
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{restricted}/roles",
    ):
        assert api.get(path)["items"] == []
    left = api.get("/apis/rbac.authorization.k8s.io/v1/clusterroles")["items"]
    assert [role["metadata"]["name"] for role in left if role["metadata"]["name"].startswith(restricted)] == []
    assert api.find("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/imagepipelines.darkroom.dev") is not None


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


def within(namespace: str, values: Any) -> Any:
    """`values` with KAFKA replaced by an existing namespace."""
    return json.loads(json.dumps(values).replace("KAFKA", namespace))


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
