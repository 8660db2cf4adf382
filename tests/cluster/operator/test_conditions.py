"""Conditions: the status has the problem, its reason and what to do; other pipelines are not affected."""

from typing import Any

import pytest

from tests.support.kafka import SharedKafka
from tests.support.kube.fault_proxy import Fault, FaultProxy
from tests.support.services.operator import CLUSTER, Site
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.until import until


def test_an_invalid_spec_that_the_crd_accepts_changes_nothing(running: Site) -> None:
    running.apply(running.manifest())
    running.wait_ready()
    before = _versions(running)

    # The CRD accepts values of any type here; the models do not.
    running.change(images={"config": {"segment.bytes": ["a", "list"]}})

    message = running.wait_reason("InvalidSpec")
    assert message.startswith("spec.images.config.segment.bytes: ")
    assert _versions(running) == before
    assert running.find("deployments", "digits-classify")["status"]["readyReplicas"] == 1  # type: ignore[index]

    running.change(images={"config": {"segment.bytes": 1048576}})
    running.wait_ready()


def test_an_unknown_kafka_cluster_is_named_and_found_when_it_appears(here: Site, kafka: SharedKafka) -> None:
    here.start_operator()
    here.put_model()
    here.apply(here.manifest())
    assert here.wait_reason("KafkaNotFound") == (
        f"there is no Kafka {CLUSTER} in namespace {here.kafka_namespace}: create it"
    )

    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.wait_ready()


def test_an_unresponsive_strimzi_operator_is_waited_for(here: Site, kafka: SharedKafka) -> None:
    install_kafka(here.api, here.kafka_namespace, CLUSTER, [KafkaListener("plain", kafka.bootstrap_servers)])
    here.start_operator()
    here.put_model()
    here.apply(here.manifest())
    assert "is the Topic Operator of this cluster running?" in here.wait_reason("WaitingForTopicOperator")
    assert here.names("deployments") == [], "no workers before their topics"

    here.start_kubelet()
    here.start_strimzi(kafka.bootstrap_servers)
    here.wait_ready()


def test_a_topic_that_kafka_refuses_is_reported_with_kafkas_message(running: Site) -> None:
    running.apply(running.manifest(images={"config": {"no.such.thing": "1"}}))
    message = running.wait_reason("TopicRefused", "TopicsReady")
    assert "Unknown topic config name: no.such.thing" in message

    running.apply(running.manifest("fine"))
    running.wait_ready("fine")


def test_a_kafkatopic_that_the_operator_did_not_create_is_a_conflict(running: Site) -> None:
    name = f"{running.namespace}.digits.images"
    theirs = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": name, "labels": {"strimzi.io/cluster": CLUSTER}},
        "spec": {"partitions": 1, "replicas": 1},
    }
    path = running.path("kafkatopics", name, running.kafka_namespace)
    running.api.create(path.rsplit("/", 1)[0], theirs)

    running.apply(running.manifest())

    assert "was not created by this operator" in running.wait_reason("TopicConflict", "TopicsReady")
    assert running.api.get(path)["spec"]["partitions"] == 1

    running.api.delete(path)
    running.wait_ready()


def test_objects_of_others_are_not_changed(running: Site) -> None:
    theirs = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "digits-classify"}}
    running.api.apply(running.path("serviceaccounts", "digits-classify"), theirs, "somebody")
    before = running.find("serviceaccounts", "digits-classify")

    running.apply(running.manifest())

    message = running.wait_reason("NameConflict", "StagesReady")
    assert f"ServiceAccount {running.namespace}/digits-classify exists and was not created by this operator" in message
    assert running.find("serviceaccounts", "digits-classify") == before

    running.api.delete(running.path("serviceaccounts", "digits-classify"))
    running.wait_ready(timeout_s=60)


def test_a_topic_name_in_use_by_another_resource_is_a_conflict(running: Site) -> None:
    name = f"{running.namespace}.digits.images"
    theirs = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": f"other-{running.namespace}", "labels": {"strimzi.io/cluster": CLUSTER}},
        "spec": {"partitions": 2, "replicas": 1, "topicName": name},
    }
    path = running.path("kafkatopics", theirs["metadata"]["name"], running.kafka_namespace)  # type: ignore[index]
    running.api.create(path.rsplit("/", 1)[0], theirs)
    until(lambda: running.api.get(path).get("status", {}).get("topicName") == name, "theirs is first")

    running.apply(running.manifest())

    assert "ResourceConflict: Managed by" in running.wait_reason("TopicConflict", "TopicsReady")


def test_of_two_pipelines_with_one_object_name_the_first_keeps_it(running: Site) -> None:
    running.apply(running.manifest("a-b", stages=["c"]))
    running.wait_ready("a-b")

    running.apply(running.manifest("a", stages=["b-c"]))
    message = running.wait_reason("NameConflict", "StagesReady", name="a")
    assert f"Deployment {running.namespace}/a-b-c belongs to ImagePipeline {running.namespace}/a-b" in message
    running.wait_ready("a-b")

    running.api.delete(running.path("imagepipelines", "a-b"))
    running.wait_ready("a")


def test_a_full_quota_is_reported_and_delays_no_other_pipeline(running: Site) -> None:
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"count/deployments.apps": "1"}}}
    running.api.create(running.path("resourcequotas"), quota)
    until(
        lambda: running.api.get(running.path("resourcequotas", "few")).get("status", {}).get("hard"),
        "the quota is in force",
    )
    running.apply(running.manifest("first"))
    running.wait_ready("first")

    running.apply(running.manifest("second"))

    message = running.wait_reason("QuotaExceeded", "StagesReady", name="second")
    assert "exceeded quota: few" in message
    running.wait_ready("first")

    running.api.delete(running.path("resourcequotas", "few"))
    running.wait_ready("second", timeout_s=100)


def test_a_forbidden_write_is_reported_with_the_api_servers_message(running: Site) -> None:
    path = running.role
    role = running.api.get(path)
    only_read = {"verbs": ["get", "list", "watch"]}
    fewer = [rule | only_read if "networkpolicies" in rule["resources"] else rule for rule in role["rules"]]
    running.api.merge(path, {"rules": fewer})

    running.apply(running.manifest())
    message = running.wait_reason("Forbidden", "StagesReady")
    assert 'cannot patch resource "networkpolicies"' in message

    running.api.merge(path, {"rules": role["rules"]})
    running.wait_ready(timeout_s=100)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"model": {"uri": "https://example.org:99999/m.onnx"}}, "the URI is not a valid URL"),
        (
            {
                "model": {"uri": "s3://models/m.onnx"},
                "template": {"env": [{"name": "AWS_ENDPOINT_URL", "value": "http://minio:port"}]},
            },
            "AWS_ENDPOINT_URL is not a valid URL",
        ),
    ],
)
def test_an_invalid_value_that_no_rule_checks_is_reported(stage: dict[str, Any], message: str, running: Site) -> None:
    manifest = running.manifest()
    manifest["spec"]["stages"][0] |= stage
    running.apply(manifest)
    assert message in running.wait_reason("InvalidSpec", "StagesReady")
    running.apply(running.manifest())
    running.wait_ready()


def test_a_webhook_may_refuse_with_any_reason(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    with FaultProxy(here.api_server.admin) as proxy:
        operator = here.start_operator("--reconcile-threads", "1", access=proxy.access(here.access()))
        text = {"reason": "denied by policy: no :latest", "message": "admission webhook x denied the request"}
        proxy.inject(Fault(422, times=10_000, method="PATCH", path="/deployments/", **text))
        here.apply(here.manifest())
        assert "admission webhook x denied" in here.wait_reason("Http422", "StagesReady")
        proxy.heal()
        proxy.inject(Fault(500, times=10_000, method="PATCH", path="/deployments/", **text))
        here.apply(here.manifest("second"))
        assert "admission webhook x denied" in here.wait_reason("Http500", name="second")
        proxy.heal()
        here.wait_ready(timeout_s=90)
        here.wait_ready("second", timeout_s=90)
        operator.stop()


def _versions(running: Site) -> list[tuple[str, str]]:
    """The resource version of every child, which changes with every write."""
    found: list[dict[str, Any]] = []
    for resource in ("configmaps", "serviceaccounts", "networkpolicies"):
        found += running.api.get(running.path(resource), labelSelector="darkroom.dev/pipeline")["items"]
    for resource in ("kafkatopics", "kafkausers"):
        path = running.path(resource, namespace=running.kafka_namespace)
        found += running.api.get(path, labelSelector="darkroom.dev/pipeline")["items"]
    deployment = running.find("deployments", "digits-classify") or {}
    generation = ("deployment", str(deployment["metadata"]["generation"]))
    return [(item["metadata"]["name"], item["metadata"]["resourceVersion"]) for item in found] + [generation]


_AS_A_USER_WITHOUT_A_NAME = """
import os, pwd, runpy
for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
    os.environ.pop(name, None)
pwd.getpwuid = {}.__getitem__
runpy.run_module("darkroom_operator", run_name="__main__", alter_sys=True)
"""


def test_it_runs_as_a_user_without_a_name(here: Site) -> None:
    """As in the container image, where the user is only a number."""
    here.start_operator(program=("-c", _AS_A_USER_WITHOUT_A_NAME))
