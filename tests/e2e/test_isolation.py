"""Network policies and Pod Security hold, and Darkroom works within them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from kind.settings import CHECKOUT
from tests.support.on_kind import kubectl
from tests.support.on_kind.ingestion import PICTURES, IngestionClient, top_label
from tests.support.on_kind.pods import restricted_pod, run_pod

if TYPE_CHECKING:
    from kind.cluster import Cluster
    from kind.images import Image

pytestmark = pytest.mark.e2e

_ENFORCE = "pod-security.kubernetes.io/enforce"
_REACH = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reaches(address):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=4).close()
    except TimeoutError:
        return False
    return True
with ThreadPoolExecutor(16) as pool:
    print(json.dumps(dict(zip(sys.argv[1:], pool.map(reaches, sys.argv[1:])))))
"""


def test_a_worker_reaches_its_kafka_and_nothing_else(cluster: Cluster, ingestion: IngestionClient) -> None:
    """Except its node and the API server on it, to which built nodes do not apply policies."""
    service_ip = kubectl.get(cluster, "service", "darkroom-ingestion", "-n", "darkroom")["spec"]["clusterIP"]
    expected = {
        "kafka.kafka.svc:9094": True,
        "kafka.kafka.svc:9092": False,
        "darkroom-operator.darkroom.svc:9090": False,
        f"{service_ip}:80": False,
    }
    assert from_worker(cluster, *expected) == expected


def test_an_unrelated_pod_reaches_the_ingestion_service_and_metrics_but_no_broker(
    cluster: Cluster, ingestion: IngestionClient, namespace: str, images: dict[str, Image]
) -> None:
    operator = address(cluster, "darkroom", "app.kubernetes.io/component=operator")
    ingestion_ip = address(cluster, "darkroom", "app.kubernetes.io/component=ingestion")
    worker = address(cluster, "demo", "darkroom.dev/stage=classify")
    broker = address(cluster, "kafka", "app.kubernetes.io/name=kafka")
    expected = {
        f"{ingestion_ip}:8080": True,
        f"{operator}:9090": True,
        f"{operator}:8080": False,
        f"{worker}:9400": True,
        f"{broker}:9092": False,
        f"{broker}:9094": False,
    }
    pod = restricted_pod("stranger", images["inference"].reference, ["python3", "-c", _REACH, *expected])
    seen = run_pod(cluster, namespace, pod)
    assert json.loads(seen.log) == expected


def test_all_pods_run_in_namespaces_that_enforce_restricted(cluster: Cluster, ingestion: IngestionClient) -> None:
    for namespace in ("darkroom", "demo", "kafka"):
        labels = kubectl.get(cluster, "namespace", namespace)["metadata"]["labels"]
        assert labels[_ENFORCE] == "restricted"
        pods = kubectl.get(cluster, "pods", "-n", namespace)["items"]
        assert pods
        assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert top_label(ingestion.analysed(PICTURES[20])) == PICTURES[20].label


def test_a_kafka_gives_nothing_to_a_namespace_that_it_does_not_allow(
    cluster: Cluster, ingestion: IngestionClient, namespace: str
) -> None:
    pipeline = ("imagepipeline", "digits", "-n", namespace)
    sample = yaml.safe_load_all((CHECKOUT / "k8s/samples/digits.yaml").read_text(encoding="utf-8"))
    (manifest,) = (manifest for manifest in sample if manifest["kind"] == "ImagePipeline")
    manifest["metadata"]["namespace"] = namespace
    cluster.run_kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    kubectl.wait(
        cluster,
        "/".join(pipeline[:2]),
        'jsonpath={.status.conditions[?(@.type=="Ready")].reason}=KafkaNotAllowed',
        *pipeline[2:],
    )
    assert kubectl.names(cluster, "deployments,secrets", "-n", namespace) == []
    mine = f"darkroom.dev/namespace={namespace}"
    assert kubectl.names(cluster, "kafkatopics,kafkausers", "-n", "kafka", "-l", mine) == []
    cluster.run_kubectl("delete", *pipeline)


def from_worker(cluster: Cluster, *addresses: str) -> dict[str, bool]:
    """Whether a worker of the stage `classify` reaches each of `addresses`."""
    worker = next(iter(kubectl.pods(cluster, "demo", "darkroom.dev/stage=classify")))
    said = cluster.run_kubectl("exec", "-n", "demo", worker, "--", "python3", "-c", _REACH, *addresses)
    answer: dict[str, bool] = json.loads(said)
    return answer


def address(cluster: Cluster, namespace: str, selector: str) -> str:
    """The IP address of a pod."""
    return str(next(iter(kubectl.pods(cluster, namespace, selector).values()))["status"]["podIP"])
