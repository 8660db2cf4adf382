"""The stand-in for Strimzi as a separate process, with only the rights of its role."""

import sys
from functools import partial
from pathlib import Path

import yaml

from tests.support.kafka import SharedKafka
from tests.support.kube.api import Api
from tests.support.kube.api_server import ApiServer
from tests.support.kube.child_process import ChildProcess
from tests.support.until import until

ROLE = Path(__file__).parents[2] / "support" / "strimzi" / "role.yaml"


def test_it_works_with_the_rights_of_its_role(
    api_server: ApiServer, namespace: str, kafka: SharedKafka, tmp_path: Path
) -> None:
    api = api_server.admin.api()
    account = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    role = yaml.safe_load(ROLE.read_text())
    binding = {
        "metadata": {"name": "strimzi-stand-in"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role["metadata"]["name"]},
        "subjects": [account],
    }
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    api.create(f"{rbac}/roles", role)
    api.create(f"{rbac}/rolebindings", binding)
    labels = {"strimzi.io/cluster": "events"}
    topic = {"metadata": {"name": f"{namespace}.a", "labels": labels}, "spec": {"partitions": 2}}
    user = {"metadata": {"name": f"{namespace}.u", "labels": labels}, "spec": {"authentication": {"type": "tls"}}}
    strimzi = f"/apis/kafka.strimzi.io/v1/namespaces/{namespace}"
    api.create(f"{strimzi}/kafkatopics", {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", **topic})
    api.create(f"{strimzi}/kafkausers", {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaUser", **user})

    kubeconfig = api_server.kubeconfig_for_service_account(namespace, "default")
    command = [sys.executable, "-m", "tests.support.strimzi", "--kubeconfig", kubeconfig, "--namespace", namespace]
    process = ChildProcess(
        [*command, "--cluster", "events", "--bootstrap-servers", kafka.bootstrap_servers], tmp_path / "log"
    )
    try:
        for path in (f"{strimzi}/kafkatopics/{namespace}.a", f"{strimzi}/kafkausers/{namespace}.u"):
            until(partial(_answered, api, path), f"an answer for {path}")
            (condition,) = api.get(path)["status"]["conditions"]
            assert condition["type"] == "Ready"
    finally:
        process.terminate()


def _answered(api: Api, path: str) -> bool:
    return "status" in api.get(path)
