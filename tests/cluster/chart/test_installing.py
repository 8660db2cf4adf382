"""The Helm chart installs, upgrades and uninstalls completely, and its notes say what is missing."""

from darkroom import __version__
from tests.support.chart import Helm
from tests.support.kube.api_server import ApiServer
from tests.support.kube.kubelet import FakeKubelet
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.until import until

_CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/imagepipelines.darkroom.dev"
_VERSION = "app.kubernetes.io/version"


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
    assert api.find(_CRD) is not None


def test_the_notes_say_what_is_missing_in_the_cluster(helm: Helm, api_server: ApiServer, namespace: str) -> None:
    api = api_server.admin.api()
    kafka = api_server.namespace("kafka")
    values = {
        "ingestion": {"kafka": {"clusters": [{"name": "events", "namespace": kafka}]}},
        "userRoles": {"prefix": namespace},
    }
    assert f"ATTENTION: there is no Kafka events in namespace {kafka}" in helm.notes("darkroom", namespace, values)

    listeners = [KafkaListener("plain", "127.0.0.1:9092")]
    install_kafka(api, kafka, "events", listeners, allowed_namespaces=None)
    advice = f"kubectl annotate kafka/events -n {kafka} darkroom.dev/allowed-namespaces=NAMESPACE"
    notes = helm.notes("darkroom", namespace, values)
    assert advice in notes
    assert "ATTENTION" not in notes

    install_kafka(api, kafka, "events", listeners)
    assert advice not in helm.notes("darkroom", namespace, values)


def test_the_notes_warn_of_a_crd_of_another_version(helm: Helm, api_server: ApiServer, namespace: str) -> None:
    api = api_server.admin.api()
    values = {"userRoles": {"prefix": namespace}}
    api.merge(_CRD, {"metadata": {"labels": {_VERSION: "0.0.1"}}})
    try:
        notes = helm.notes("darkroom", namespace, values)
        assert "ATTENTION: the CRD in the cluster is 0.0.1, and Helm does not upgrade it." in notes
        assert "kubectl apply --server-side --force-conflicts -f charts/darkroom/crds" in notes
    finally:
        api.merge(_CRD, {"metadata": {"labels": {_VERSION: __version__}}})
    assert "ATTENTION" not in helm.notes("darkroom", namespace, values)


def test_the_notes_send_the_first_image_through_the_ingress(helm: Helm, namespace: str) -> None:
    ingress = {"enabled": True, "hosts": ["images.example.org"], "tlsSecret": "tls"}
    notes = helm.notes("darkroom", namespace, {"ingress": ingress, "userRoles": {"prefix": namespace}})
    assert "https://images.example.org/v1/pipelines/NAMESPACE/NAME/images" in notes
    assert "ATTENTION" not in notes
