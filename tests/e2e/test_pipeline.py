"""The sample pipeline: kubectl, images through a Service, results in three ways."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.on_kind import kubectl
from tests.support.on_kind.ingestion import PICTURES, IngestionClient, result_of, top_label
from tests.support.on_kind.pods import restricted_pod, run_pod
from tests.support.until import until

if TYPE_CHECKING:
    from kind.cluster import Cluster
    from kind.images import Image
    from tests.support.on_kind.numbers import Numbers

pytestmark = pytest.mark.e2e

_READ_RESULTS = """
import json, sys
from confluent_kafka import Consumer
servers, topic, *wanted = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": servers, "group.id": "somebody-else", "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
missing = set(wanted)
while missing:
    record = consumer.poll(30)
    if record is None or record.error():
        sys.exit(f"no result for {missing}")
    analysis = json.loads(record.value())
    if analysis["imageId"] in missing:
        missing.remove(analysis["imageId"])
        print(json.dumps({"headers": {k: v.decode() for k, v in record.headers()}, "analysis": analysis}))
"""


def test_kubectl_get_shows_the_state_of_the_pipeline(cluster: Cluster, ingestion: IngestionClient) -> None:
    kubectl.wait(cluster, "imgp/digits", "condition=Ready", "-n", "demo")
    header, row = cluster.run_kubectl("get", "imgp", "-n", "demo").splitlines()
    assert header.split() == ["NAME", "READY", "STAGES", "WORKERS", "IMAGES", "TOPIC", "REASON", "AGE"]
    assert row.split()[:-1] == ["digits", "True", "2/2", "demo.digits.images", "AllReady"]


def test_topics_and_users_are_managed_by_strimzi(cluster: Cluster, ingestion: IngestionClient) -> None:
    stages = ("classify", "embed")
    assert kubectl.names(cluster, "kafkatopics", "-n", "kafka") == sorted(
        ["demo.digits.images", *(f"demo.digits.{s}.{t}" for s in stages for t in ("dead-letters", "results"))]
    )
    assert set(kubectl.names(cluster, "kafkausers", "-n", "kafka")) == {
        "darkroom-darkroom-ingestion",
        *(f"demo.digits.{stage}" for stage in stages),
    }


def test_an_image_gets_its_result_over_http(ingestion: IngestionClient) -> None:
    for picture in PICTURES[:10]:
        document = ingestion.analysed(picture)
        assert top_label(document) == picture.label
        assert len(result_of(document, "embed")["embedding"]) == 32


def test_the_live_feed_has_an_event_of_every_stage(ingestion: IngestionClient) -> None:
    listening, heard = threading.Event(), list[dict[str, Any]]()

    def listen() -> None:
        for name, data in ingestion.events():
            if name == "open":
                listening.set()
            elif name == "analyzed":
                heard.append(data)
                if len(heard) == 2:
                    return

    threading.Thread(target=listen, daemon=True).start()
    assert listening.wait(30)
    image_id = ingestion.post(PICTURES[0])["id"]

    def stages() -> set[str]:
        return {data["stage"] for data in heard if data["imageId"] == image_id}

    until(lambda: stages() == {"classify", "embed"}, f"events of {image_id} in {heard}")


def test_another_consumer_reads_the_same_results_from_kafka(
    cluster: Cluster, ingestion: IngestionClient, kafka: str, namespace: str, images: dict[str, Image]
) -> None:
    sent = {ingestion.analysed(picture)["id"]: picture.label for picture in PICTURES[10:14]}
    command = ["python3", "-c", _READ_RESULTS, kafka, "demo.digits.classify.results", *sent]
    labels = {"app.kubernetes.io/part-of": "darkroom"}
    read = run_pod(cluster, namespace, restricted_pod("reader", images["inference"].reference, command, labels=labels))
    assert read.exit_code == 0, read.log
    for line in read.log.splitlines():
        record = json.loads(line)
        assert record["headers"]["ce_type"] == "dev.darkroom.image.analyzed"
        assert record["analysis"]["predictions"][0]["label"] == sent.pop(record["analysis"]["imageId"])
    assert not sent


def test_idle_pods_use_little_memory(cluster: Cluster, ingestion: IngestionClient, numbers: Numbers) -> None:
    numbers.measured(
        "memory of an idle operator", kubectl.memory_mib(cluster, "darkroom", "operator"), "MiB", at_most=256
    )
    numbers.measured(
        "memory of the idle ingestion service", kubectl.memory_mib(cluster, "darkroom", "ingestion"), "MiB", at_most=512
    )
    numbers.measured("memory of an idle worker", kubectl.memory_mib(cluster, "demo", "worker"), "MiB", at_most=256)
