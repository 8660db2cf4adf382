"""The stand-in Topic Operator behaves like Strimzi's, as observed: the rows of tests/support/strimzi/README.md."""

import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from darkroom_cli.local_kafka import LocalKafka
from tests.support.kafka import SharedKafka
from tests.support.kube.api import Manifest
from tests.support.kube.api_server import ApiServer
from tests.support.strimzi.stand_in import StrimziStandIn
from tests.support.strimzi.topics.topic_resource import FINALIZER
from tests.support.strimzi.topics.topics_under_test import CLUSTER, Topics
from tests.support.until import until

NEVER_BY_ITSELF_S = 3600.0
JAVA = "org.apache.kafka.common.errors."


@pytest.fixture
def topics(api_server: ApiServer, namespace: str, kafka: SharedKafka) -> Iterator[Topics]:
    """Topics with a stand-in whose full reconciliations run only when the test triggers them."""
    api = api_server.admin.api()
    servers = kafka.bootstrap_servers
    with StrimziStandIn(api, namespace, CLUSTER, servers, full_reconciliation_s=NEVER_BY_ITSELF_S) as strimzi:
        yield Topics(api, namespace, AdminClient({"bootstrap.servers": servers}), servers, strimzi)


def test_a_new_resource_creates_a_topic(topics: Topics) -> None:
    name = topics.create("a", {"partitions": 3})
    ready = topics.answered(name, "Ready")
    assert ready["status"]["topicName"] == name
    assert len(ready["status"]["topicId"]) == len("eEXOvqvHSKSCZ6Ccblb4kA")
    assert ready["metadata"]["finalizers"] == [FINALIZER]
    assert topics.partitions(name) == 3


def test_partitions_grow_but_never_shrink(topics: Topics) -> None:
    name = topics.create("a", {"partitions": 3})
    topic_id = topics.answered(name, "Ready")["status"]["topicId"]

    topics.change(name, spec={"partitions": 2})
    refused = topics.not_ready(name, "NotSupported", "Decreasing partitions not supported")
    assert refused["status"]["topicId"] == topic_id
    assert topics.partitions(name) == 3

    topics.change(name, spec={"partitions": 5})
    topics.answered(name, "Ready")
    until(lambda: topics.partitions(name) == 5, "five partitions")


def test_replicas_do_not_change(topics: Topics) -> None:
    name = topics.create("a", {"partitions": 5, "replicas": 1})
    topics.answered(name, "Ready")
    topics.change(name, spec={"replicas": 2})
    message = "Replication factor change not supported, but required for partitions [0, 1, 2, 3, 4]"
    topics.not_ready(name, "NotSupported", message)
    topics.change(name, spec={"replicas": 1})
    topics.answered(name, "Ready")


def test_the_name_of_a_topic_does_not_change(topics: Topics) -> None:
    name = topics.create("a", {})
    topics.answered(name, "Ready")
    topics.change(name, spec={"topicName": topics.name("b")})
    refused = topics.not_ready(name, "NotSupported", "Changing spec.topicName is not supported")
    assert "topicId" not in refused["status"]
    assert topics.partitions(topics.name("b")) is None
    topics.change(name, spec={"topicName": None})
    topics.answered(name, "Ready")


def test_of_two_resources_for_one_topic_the_first_owns_it_until_it_is_deleted(topics: Topics) -> None:
    topic = topics.name("shared")
    first = topics.create("b1", {"topicName": topic, "partitions": 2})
    topics.answered(first, "Ready")
    topics.fill(topic)
    second = topics.create("a2", {"topicName": topic, "partitions": 4})
    conflict = f"Managed by Ref{{namespace='{topics.namespace}', name='{first}'}}"
    refused = topics.not_ready(second, "ResourceConflict", conflict)
    assert "finalizers" not in refused["metadata"]
    topics.answered(first, "Ready")

    topics.delete(first)
    until(lambda: topics.partitions(topic) is None, "the topic gone")
    topics.not_ready(second, "ResourceConflict", conflict)

    topics.strimzi.reconcile_all()
    topics.answered(second, "Ready")
    assert topics.partitions(topic) == 4
    assert topics.read(topic) == []


def test_an_unmanaged_resource_creates_no_topic(topics: Topics) -> None:
    name = topics.create("a", {"partitions": 1}, {"strimzi.io/managed": "false"})
    unmanaged = topics.answered(name, "Unmanaged")
    assert unmanaged["status"].keys() == {"conditions", "observedGeneration"}
    assert "finalizers" not in unmanaged["metadata"]
    assert topics.partitions(name) is None


def test_a_topic_that_is_no_longer_managed_is_kept(topics: Topics) -> None:
    name = topics.create("a", {"partitions": 1})
    topics.answered(name, "Ready")
    topics.fill(name)
    topics.change(name, metadata={"annotations": {"strimzi.io/managed": "false"}})
    assert topics.answered(name, "Unmanaged")["status"].keys() == {"conditions", "observedGeneration"}
    topics.delete(name)
    assert topics.read(name) == [b"kept"]


def test_a_paused_resource_creates_no_topic(topics: Topics) -> None:
    name = topics.create("a", {"partitions": 1}, {"strimzi.io/pause-reconciliation": "true"})
    assert topics.answered(name, "ReconciliationPaused")["status"]["topicName"] == name
    assert topics.partitions(name) is None


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        (
            {"config": {"retention.ms": "abc"}},
            "InvalidConfigurationException",
            "Invalid value abc for configuration retention.ms: Not a number of type LONG",
        ),
        ({"config": {"no.such.thing": 1}}, "InvalidConfigurationException", "Unknown topic config name: no.such.thing"),
        ({"replicas": 3}, "InvalidReplicationFactorException", "Unable to replicate the partition 3 time(s): "),
    ],
    ids=["value", "key", "replicas"],
)
def test_a_refused_topic_has_kafkas_message_and_can_be_deleted(
    topics: Topics, spec: Manifest, error: str, message: str
) -> None:
    name = topics.create("a", spec)
    refused = topics.not_ready(name, "KafkaError", f"{JAVA}{error}: {message}")
    assert refused["metadata"]["finalizers"] == [FINALIZER]
    assert topics.partitions(name) is None
    topics.delete(name)


@pytest.mark.parametrize("cluster", ["", "another-cluster"], ids=["no label", "another label"])
def test_resources_of_other_clusters_are_not_touched(topics: Topics, cluster: str) -> None:
    other = topics.create("other", {}, cluster=cluster)
    ours = topics.create("ours", {})
    topics.answered(ours, "Ready")
    topics.strimzi.reconcile_all()
    topics.change(ours, spec={"partitions": 2})
    topics.answered(ours, "Ready")
    assert "status" not in topics.get(other)
    assert "finalizers" not in topics.get(other)["metadata"]
    assert topics.partitions(other) is None


def test_an_empty_spec_takes_the_brokers_defaults(topics: Topics) -> None:
    name = topics.create("a", {})
    topics.answered(name, "Ready")
    assert topics.partitions(name) == 1


def test_an_existing_topic_is_adopted_and_updated(topics: Topics) -> None:
    name = topics.name("a")
    topics.kafka.create_topics([NewTopic(name, 2, config={"retention.ms": "1000"})])[name].result()
    topics.fill(name)
    topics.create("a", {"partitions": 2, "config": {"retention.ms": 90000000, "cleanup.policy": ["compact", "delete"]}})
    topics.answered(name, "Ready")
    assert topics.config(name, "retention.ms") == "90000000"
    assert topics.config(name, "cleanup.policy") == "compact,delete"


def test_an_existing_topic_with_more_partitions_is_refused(topics: Topics) -> None:
    name = topics.name("a")
    topics.kafka.create_topics([NewTopic(name, 3)])[name].result()
    topics.create("a", {"partitions": 1})
    topics.not_ready(name, "NotSupported", "Decreasing partitions not supported")
    assert topics.partitions(name) == 3


def test_a_removed_config_key_is_reset_to_the_default(topics: Topics) -> None:
    name = topics.create("a", {"config": {"retention.ms": 1000, "max.message.bytes": 5000}})
    topics.answered(name, "Ready")
    topics.change(name, spec={"config": {"retention.ms": None}})
    topics.answered(name, "Ready")
    until(lambda: topics.config(name, "retention.ms") == "604800000", "the default of seven days")
    assert topics.config(name, "max.message.bytes") == "5000"


def test_a_topic_deleted_in_kafka_is_recreated_at_a_full_reconciliation(topics: Topics) -> None:
    name = topics.create("a", {"partitions": 2})
    topic_id = topics.answered(name, "Ready")["status"]["topicId"]
    topics.kafka.delete_topics([name])[name].result()
    until(lambda: topics.partitions(name) is None, "the topic gone")
    assert topics.get(name)["status"]["topicId"] == topic_id
    topics.strimzi.reconcile_all()
    until(lambda: topics.get(name)["status"]["topicId"] != topic_id, "a new topic")
    assert topics.partitions(name) == 2


def test_a_deleted_resource_deletes_its_topic(topics: Topics) -> None:
    name = topics.create("a", {})
    topics.answered(name, "Ready")
    topics.delete(name)
    until(lambda: topics.partitions(name) is None, "the topic gone")


def test_an_unavailable_broker_is_reported_after_the_timeout_until_it_is_back(
    api_server: ApiServer, namespace: str, fresh_kafka: Callable[..., LocalKafka]
) -> None:
    broker = fresh_kafka()
    servers = broker.bootstrap_servers
    api = api_server.admin.api()
    with StrimziStandIn(api, namespace, CLUSTER, servers, timeout_s=3) as strimzi:
        topics = Topics(api, namespace, AdminClient({"bootstrap.servers": servers, "log_level": 0}), servers, strimzi)
        topics.answered(topics.create("before", {}), "Ready")
        broker.stop()
        name = topics.create("a", {})
        assert "status" not in topics.get(name)
        message = f"{JAVA}TimeoutException: Timed out waiting for a node assignment. Call: describeConfigs"
        topics.not_ready(name, "KafkaError", message)
        broker.start()
        topics.answered(name, "Ready")


def test_it_can_be_made_to_fail(topics: Topics) -> None:
    topics.strimzi.failing(r"\.bad$")
    bad, good = topics.create("bad", {}), topics.create("good", {})
    topics.not_ready(bad, "KafkaError", f"{JAVA}UnknownServerException: told to fail")
    topics.answered(good, "Ready")
    topics.strimzi.failing("")
    topics.strimzi.reconcile_all()
    topics.answered(bad, "Ready")


def test_it_can_be_made_slow(topics: Topics) -> None:
    topics.strimzi.slow(1.5)
    started = time.monotonic()
    topics.answered(topics.create("late", {}), "Ready")
    assert time.monotonic() - started >= 1.5


def test_its_own_writes_do_not_make_it_write_again(topics: Topics, api_server: ApiServer) -> None:
    name = topics.create("a", {"partitions": 1})
    topics.answered(name, "Ready")
    version = topics.get(name)["metadata"]["resourceVersion"]
    topics.strimzi.reconcile_all()
    topics.answered(topics.create("after", {}), "Ready")
    assert topics.get(name)["metadata"]["resourceVersion"] == version
