"""The Helm chart installs, upgrades and uninstalls completely."""

from tests.support.chart import Helm
from tests.support.kube.api_server import ApiServer
from tests.support.kube.kubelet import FakeKubelet
from tests.support.until import until


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
