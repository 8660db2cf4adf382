"""The ingestion service serves the ImagePipelines of a cluster while they are added, changed and removed."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom_cli.local_kafka import LocalKafka, acl_properties, scram_listener
from tests.support.kafka import SharedKafka
from tests.support.kube.api_server import ApiServer
from tests.support.kube.fault_proxy import Fault, FaultProxy
from tests.support.services.cluster_ingestion import CLUSTER, ServedCluster, refused, served_cluster, taken
from tests.support.services.ingestion import document, post
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.strimzi.stand_in import StrimziStandIn
from tests.support.until import until


@pytest.fixture
def cluster(api_server: ApiServer, tmp_path: Path) -> Iterator[ServedCluster]:
    with served_cluster(api_server, tmp_path) as made:
        yield made


def test_pipelines_are_added_changed_and_removed_without_a_restart(cluster: ServedCluster, kafka: SharedKafka) -> None:
    service = cluster.start()
    until(service.is_ready, "ready without any pipeline")

    digits = cluster.apply("digits", kafka.bootstrap_servers)
    refused(service, digits, "the operator has not reported on it yet")
    cluster.say("digits", "False", "WaitingForTopicOperator")
    refused(service, digits, "WaitingForTopicOperator: so says the test")
    with service.client as client:
        status = client.get(f"{digits.path}/status").json()
    assert (status["conditions"][0]["reason"], status["stages"]) == ("WaitingForTopicOperator", [])
    assert "does not serve the pipeline: its topics are not ready" in status["advice"][0]
    answer = post(service, digits)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["type"].endswith("pipeline-not-ready")

    cluster.topics_are_ready(digits)
    said_at = time.monotonic()
    image = taken(service, digits).json()
    print(f"taken {time.monotonic() - said_at:.3f} s after its topics were ready")
    digits.analyze(image)
    until(lambda: document(service, digits, image["id"])["state"] == "Analyzed", "its result is known")

    two = cluster.apply("digits", kafka.bootstrap_servers, ["classify", "embed"])
    assert taken(service, digits).status_code == 202, "served as it was until the new topics are ready"
    cluster.topics_are_ready(two)
    with service.client as client:
        until(lambda: len(client.get(two.path).json()["stages"]) == 2, "the new stage is served")

    cluster.delete("digits")
    refused(service, digits, "There is no pipeline")


def test_a_strimzi_kafka_is_found_and_the_charts_user_has_the_rights_it_needs(
    cluster: ServedCluster, tmp_path: Path
) -> None:
    with LocalKafka(tmp_path / "kafka", properties=acl_properties(), listeners=(scram_listener(),)) as secured:
        strimzi = StrimziStandIn(cluster.api, cluster.kafka_namespace, CLUSTER, secured.bootstrap_servers)
        cluster.clusters = [{"name": CLUSTER, "namespace": cluster.kafka_namespace}]
        service = cluster.start()
        reference = {"cluster": {"name": CLUSTER, "namespace": cluster.kafka_namespace}}
        digits = cluster.apply("digits", secured.bootstrap_servers, kafka=reference)
        cluster.topics_are_ready(digits)
        refused(service, digits, f"there is no Kafka {cluster.kafka_namespace}/{CLUSTER}")

        listener = KafkaListener("scram", secured.address("SCRAM"), authentication="scram-sha-512")
        install_kafka(cluster.api, cluster.kafka_namespace, CLUSTER, [listener], authorization="simple")
        refused(service, digits, f"Secret {cluster.kafka_namespace}/{cluster.kafka_namespace}-darkroom-ingestion can't")

        with strimzi:
            image = taken(service, digits).json()
            digits.analyze(image)
            until(lambda: document(service, digits, image["id"])["state"] == "Analyzed", "its result is known")
            until(service.is_ready, "it may read all that it wants to")
            with service.client as client:
                assert client.get(f"{digits.path}/images/{image['id']}/content").status_code == 200
                status = client.get(f"{digits.path}/status").json()
            assert [(condition["type"], condition["status"]) for condition in status["conditions"]] == [
                ("TopicsReady", "True")
            ]
            (stage,) = status["stages"]
            assert (stage["groupState"], stage["lag"]) == ("Dead", 1), status["advice"]

            # A new password: the user is deleted and recreated.
            user = f"{cluster.kafka_namespace}-darkroom-ingestion"
            path = f"/apis/kafka.strimzi.io/v1/namespaces/{cluster.kafka_namespace}/kafkausers/{user}"
            spec = cluster.api.get(path)
            secret = f"/api/v1/namespaces/{cluster.kafka_namespace}/secrets/{user}"
            old = cluster.api.get(secret)["data"]["password"]
            cluster.api.delete(path)
            until(lambda: cluster.api.find(secret) is None, "the old password is gone", 60.0)
            kept = {name: spec["metadata"][name] for name in ("name", "labels")}
            cluster.api.apply(path, {**spec, "metadata": kept, "status": None})
            until(
                lambda: (cluster.api.find(secret) or {}).get("data", {}).get("password") not in {None, old}, "a new one"
            )
            until(lambda: service.log.count('"event": "serving"') >= 3, "the service has taken up the new one", 60.0)
            assert taken(service, digits).status_code == 202


def test_the_charts_user_needs_no_rights_where_a_kafka_has_no_authorization(
    cluster: ServedCluster, tmp_path: Path
) -> None:
    with LocalKafka(tmp_path / "kafka", listeners=(scram_listener(),)) as open_kafka:
        listener = KafkaListener("scram", open_kafka.address("SCRAM"), authentication="scram-sha-512")
        install_kafka(cluster.api, cluster.kafka_namespace, CLUSTER, [listener])
        cluster.clusters = [{"name": CLUSTER, "namespace": cluster.kafka_namespace, "authorization": "none"}]
        with StrimziStandIn(cluster.api, cluster.kafka_namespace, CLUSTER, open_kafka.bootstrap_servers):
            service = cluster.start()
            reference = {"cluster": {"name": CLUSTER, "namespace": cluster.kafka_namespace}}
            digits = cluster.apply("digits", open_kafka.bootstrap_servers, kafka=reference)
            cluster.topics_are_ready(digits)
            image = taken(service, digits).json()
            digits.analyze(image)
            until(lambda: document(service, digits, image["id"])["state"] == "Analyzed", "its result is known")


def test_a_problem_of_one_pipeline_does_not_affect_others(cluster: ServedCluster, kafka: SharedKafka) -> None:
    service = cluster.start(None, "--start-timeout", "3")
    good = cluster.apply("good", kafka.bootstrap_servers)
    lost = cluster.apply("lost", kafka.bootstrap_servers, kafka={"cluster": {"name": "nowhere"}})
    away = cluster.apply("away", kafka.bootstrap_servers, kafka={"bootstrapServers": "127.0.0.1:1"})
    for pipeline in (good, lost):
        cluster.topics_are_ready(pipeline)
    cluster.say("away", "True", "AllReady")

    taken(service, good)
    refused(service, lost, f"there is no Kafka {cluster.namespace}/nowhere: create it")
    until(service.is_ready, "ready for the others", 90.0)
    with service.client as client:
        until(lambda: 'darkroom_pipelines{state="KafkaNotKnown"} 1.0' in client.get("/metrics").text, "it is counted")

        def failing() -> list[str]:
            return [check["name"] for check in client.get("/readyz").json()["checks"] if not check["ok"]]

        until(lambda: failing() == ["kafka 127.0.0.1:1"], f"only one Kafka fails: {failing()}")
    assert post(service, away, headers={"Prefer": "wait=0"}).status_code == 503


def test_watches_are_restarted_after_any_failure(cluster: ServedCluster, kafka: SharedKafka) -> None:
    with FaultProxy(cluster.api_server.admin) as proxy:
        proxy.inject(Fault(503, times=2, path="imagepipelines"))
        service = cluster.start(proxy.access(cluster.api_server.admin))
        first = cluster.apply("first", kafka.bootstrap_servers)
        cluster.topics_are_ready(first)
        taken(service, first)

        expired = proxy.inject(Fault(410, times=1, path="imagepipelines.*watch"))
        refused_ = proxy.inject(Fault(429, times=1, path="imagepipelines.*watch"))
        broken = proxy.inject(Fault(0, times=2, path="imagepipelines"))
        proxy.cut()
        gone = cluster.apply("second", kafka.bootstrap_servers)
        cluster.topics_are_ready(gone)
        cluster.delete("first")

        taken(service, gone)
        refused(service, first, "There is no pipeline")
        assert [fault.hits for fault in (expired, refused_, broken)] == [1, 1, 2]


def test_images_are_accepted_while_the_api_server_is_unavailable(cluster: ServedCluster, kafka: SharedKafka) -> None:
    with FaultProxy(cluster.api_server.admin) as proxy:
        service = cluster.start(proxy.access(cluster.api_server.admin))
        digits = cluster.apply("digits", kafka.bootstrap_servers)
        cluster.topics_are_ready(digits)
        taken(service, digits)

        away = proxy.inject(Fault(0, times=1_000_000))
        proxy.cut()
        until(lambda: away.hits > 3, "it asks in vain")
        assert post(service, digits).status_code == 202
        until(service.is_ready, "ready without the API server")

        proxy.heal()
        other = cluster.apply("other", kafka.bootstrap_servers)
        cluster.topics_are_ready(other)
        taken(service, other)


def test_a_service_that_has_never_reached_the_api_server_is_not_ready_and_says_so(
    cluster: ServedCluster, kafka: SharedKafka
) -> None:
    with FaultProxy(cluster.api_server.admin) as proxy:
        proxy.inject(Fault(500, times=1_000_000))
        service = cluster.start(proxy.access(cluster.api_server.admin))
        unknown = cluster.apply("digits", kafka.bootstrap_servers)
        refused(service, unknown, "The list of pipelines has not been read from the API server yet.")
        assert not service.is_ready()

        proxy.heal()
        cluster.topics_are_ready(unknown)
        taken(service, unknown)
