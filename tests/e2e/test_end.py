"""Uninstalling: what is kept and what is deleted, in which order, and that no namespace hangs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kind.settings import CHECKOUT
from tests.support.documents import blocks
from tests.support.on_kind import kubectl, leftovers
from tests.support.on_kind.callers import signed_in
from tests.support.on_kind.ingestion import PICTURES, IngestionClient, top_label
from tests.support.on_kind.pods import restricted_pod, run_pod
from tests.support.on_kind.reader import IN_THE_CLUSTER, read
from tests.support.on_kind.upgrade import INSTALL_DOCUMENT

if TYPE_CHECKING:
    from kind.cluster import Cluster
    from kind.images import Image
    from tests.support.on_kind.numbers import Numbers

pytestmark = pytest.mark.e2e

_SAMPLE = CHECKOUT / "k8s/samples/digits.yaml"
_TOPICS = """
import sys
from confluent_kafka.admin import AdminClient
topics = AdminClient({"bootstrap.servers": sys.argv[1]}).list_topics(timeout=30).topics
print(*sorted(topic for topic in topics if topic.startswith("demo.")), sep="\\n")
"""


def test_a_deleted_sample_keeps_its_topics_and_uses_them_again(
    cluster: Cluster, ingestion: IngestionClient, kafka: str, namespace: str, images: dict[str, Image], numbers: Numbers
) -> None:
    """`kubectl delete -f` starts with the Namespace, so everything is deleted at the same time."""
    former = ingestion.analysed(PICTURES[30])

    started = time.monotonic()
    cluster.run_kubectl("delete", "-f", _SAMPLE, "--timeout=90s")
    numbers.measured("kubectl delete -f digits.yaml", time.monotonic() - started, "s", at_most=90)

    assert not kubectl.get(cluster, "namespace", "demo")
    assert kubectl.names(cluster, "kafkatopics", "-n", "kafka") == []
    assert kubectl.names(cluster, "kafkausers", "-n", "kafka") == ["darkroom-darkroom-ingestion"]
    labels = {"app.kubernetes.io/part-of": "darkroom"}
    command = ["python3", "-c", _TOPICS, kafka]
    listed = run_pod(
        cluster, namespace, restricted_pod("lister", images["inference"].reference, command, labels=labels)
    )
    assert len(listed.log.split()) == 5, listed.log

    started = time.monotonic()
    cluster.run_kubectl("apply", "-f", _SAMPLE)
    kubectl.wait(cluster, "imgp/digits", "condition=Ready", "-n", "demo")
    numbers.measured("the sample applied again, until Ready", time.monotonic() - started, "s")
    assert "AllReady" in cluster.run_kubectl("get", "imgp", "-n", "demo")
    ingestion = signed_in(cluster)  # its account was deleted with the namespace
    assert top_label(ingestion.answered(former["id"])) == PICTURES[30].label
    assert top_label(ingestion.analysed(PICTURES[31])) == PICTURES[31].label
    ingestion.close()


def test_the_documented_order_removes_everything_and_no_namespace_hangs(
    cluster: Cluster, ingestion: IngestionClient, numbers: Numbers
) -> None:
    """Ends the installation that the other tests share."""
    started = time.monotonic()
    read(blocks(INSTALL_DOCUMENT, "sh cluster end"), IN_THE_CLUSTER)
    cluster.run_kubectl("delete", "namespace", *leftovers.NAMESPACES, "--timeout=90s")
    numbers.measured("everything taken away", time.monotonic() - started, "s")

    assert not set(leftovers.NAMESPACES) & set(kubectl.names(cluster, "namespaces"))
    left = cluster.run_kubectl("get", "clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/part-of=darkroom")
    assert left == ""
    assert "imagepipelines.darkroom.dev" not in kubectl.names(cluster, "crd")
