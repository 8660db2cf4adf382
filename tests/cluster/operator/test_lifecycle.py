"""The lifecycle of a pipeline with Strimzi: creation, change, suspension, repair, deletion and adoption."""

import subprocess
from typing import Any

from tests.support.kafka import SharedKafka
from tests.support.kube.api import Manifest
from tests.support.services.operator import Site
from tests.support.topics import read, topics, write
from tests.support.until import until

# Quantities that the API server rewrites, and fields that it completes with defaults.
EVERYTHING: dict[str, Any] = {
    "delivery": "ExactlyOnce",
    "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"cpu": "1000m", "nvidia.com/gpu": 1}},
    "template": {
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 30, "effect": "NoExecute"}],
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {}}}
                ]
            }
        },
        "env": [
            {"name": "A", "value": "1"},
            {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
        ],
        "imagePullSecrets": [{"name": "registry"}],
        "terminationGracePeriodSeconds": 5,
    },
    "results": {"config": {"retention.bytes": 1_000_000_000, "cleanup.policy": "delete"}},
}


def test_a_pipeline_becomes_topics_credentials_and_workers(running: Site) -> None:
    running.apply(running.manifest(stages=["classify", "embed"], replicas=2))

    status = running.wait_ready()["status"]
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("TopicsReady", "True"),
        ("CredentialsReady", "True"),
        ("StagesReady", "True"),
        ("Ready", "True"),
    ]
    ns = running.namespace
    assert status["imagesTopic"] == f"{ns}.digits.images"
    assert [(s["name"], s["consumerGroup"], s["replicas"], s["readyReplicas"]) for s in status["stages"]] == [
        ("classify", f"{ns}.digits.classify", 2, 2),
        ("embed", f"{ns}.digits.embed", 2, 2),
    ]
    stages = ["digits-classify", "digits-embed"]
    for resource in ("deployments", "configmaps", "serviceaccounts", "poddisruptionbudgets", "networkpolicies"):
        assert running.names(resource) == stages, resource
    assert running.names("kafkatopics", running.kafka_namespace) == sorted(
        [f"{ns}.digits.images"]
        + [f"{ns}.digits.{stage}.{role}" for stage in ("classify", "embed") for role in ("results", "dead-letters")]
    )
    assert running.names("kafkausers", running.kafka_namespace) == [f"{ns}.digits.classify", f"{ns}.digits.embed"]


def test_kubectl_shows_the_state_of_a_pipeline(running: Site) -> None:
    running.apply(running.manifest())
    running.wait_ready()

    def kubectl(*words: str) -> str:
        server = running.api_server
        command = [str(server.kubectl), "--kubeconfig", str(server.kubeconfig), "-n", running.namespace, *words]
        output: str = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
        return output

    header, row = kubectl("get", "imgp").splitlines()
    assert header.split("  ")[0] == "NAME"
    assert [word for word in row.split() if word][:5] == [
        "digits",
        "True",
        "1/1",
        f"{running.namespace}.digits.images",
        "AllReady",
    ]
    until(lambda: "images are accepted and analysed" in kubectl("describe", "imgp", "digits"), "the Event is told")
    assert "Ready" in running.events()


def test_a_change_of_the_topics_reaches_kafka(running: Site, kafka: SharedKafka) -> None:
    running.apply(running.manifest())
    running.wait_ready()

    running.change(images={"partitions": 4, "retention": "2h", "config": {"segment.bytes": 1048576}})

    name = f"{running.namespace}.digits.images"
    until(lambda: topics(kafka.bootstrap_servers, name)[name].partitions == 4, "the topic has grown")
    until(
        lambda: (
            topics(kafka.bootstrap_servers, name)[name].config.items()
            >= {"retention.ms": "7200000", "segment.bytes": "1048576"}.items()
        ),
        "the topic is configured",
    )
    running.wait_ready()


def test_a_new_model_rolls_the_workers_and_more_of_them_do_not(running: Site) -> None:
    running.apply(running.manifest())
    running.wait_ready()

    def revision() -> str:
        live = running.find("deployments", "digits-classify")
        assert live is not None
        return str(live["metadata"]["annotations"]["deployment.kubernetes.io/revision"])

    running.api.merge(f"{running.path('imagepipelines', 'digits')}/scale", {"spec": {"replicas": 2}})
    until(lambda: running.wait_ready()["status"]["stages"][0]["readyReplicas"] == 2, "two workers")
    assert revision() == "1"

    running.put_model("a better model")
    until(lambda: revision() == "2", "the workers roll")
    running.wait_ready()

    manifest = running.manifest(replicas=2)
    manifest["spec"]["stages"][0]["model"] = {"uri": "oci://registry.example:5000/digits:v2"}
    running.apply(manifest)
    until(lambda: revision() == "3", "the workers roll to the model of another URI")
    running.wait_ready()
    policy = running.find("networkpolicies", "digits-classify")
    assert policy is not None
    assert [{"port": 5000, "protocol": "TCP"}] in [rule["ports"] for rule in policy["spec"]["egress"]]


def test_a_suspended_pipeline_has_no_workers_and_keeps_its_topics(running: Site, kafka: SharedKafka) -> None:
    running.apply(running.manifest())
    running.wait_ready()

    running.change(suspend=True)
    running.wait_reason("Suspended")
    until(lambda: running.api.get(running.path("pods"))["items"] == [], "the workers are gone")
    name = f"{running.namespace}.digits.images"
    assert name in topics(kafka.bootstrap_servers, name)

    running.change(suspend=False)
    running.wait_ready()


def test_objects_of_a_removed_stage_are_deleted_and_its_records_kept(running: Site, kafka: SharedKafka) -> None:
    manifest = running.manifest(stages=["classify", "embed"])
    running.apply(manifest)
    running.wait_ready()
    results = f"{running.namespace}.digits.embed.results"
    write(kafka.bootstrap_servers, results, b"an analysis")

    running.apply(running.manifest(stages=["classify"]))

    for resource in ("deployments", "configmaps", "serviceaccounts", "poddisruptionbudgets", "networkpolicies"):
        running.wait_gone(resource, "digits-embed")
    running.wait_gone("kafkatopics", results, running.kafka_namespace)
    running.wait_gone("kafkausers", f"{running.namespace}.digits.embed", running.kafka_namespace)
    assert running.wait_ready()["status"]["stagesReady"] == "1/1"
    assert read(kafka.bootstrap_servers, results) == [b"an analysis"]


def test_retained_topics_are_adopted_with_their_records(running: Site, kafka: SharedKafka) -> None:
    manifest = running.manifest()
    running.apply(manifest)
    running.wait_ready()
    images = f"{running.namespace}.digits.images"
    write(kafka.bootstrap_servers, images, b"an image")

    running.api.delete(running.path("imagepipelines", "digits"))
    running.wait_gone("imagepipelines", "digits")
    elsewhere, here = ("kafkatopics", "kafkausers"), ("deployments", "configmaps", "secrets", "networkpolicies")
    until(lambda: not any(running.names(r, running.kafka_namespace) for r in elsewhere), "nothing left with the Kafka")
    until(lambda: not any(running.names(r) for r in here), "nothing left with the pipeline")
    assert read(kafka.bootstrap_servers, images) == [b"an image"]

    running.apply(manifest)
    running.wait_ready()
    assert read(kafka.bootstrap_servers, images) == [b"an image"]


def test_deletion_policy_delete_deletes_the_topics(running: Site, kafka: SharedKafka) -> None:
    running.apply(running.manifest(deletionPolicy="Delete"))
    running.wait_ready()
    images = f"{running.namespace}.digits.images"
    assert images in topics(kafka.bootstrap_servers, images)

    running.api.delete(running.path("imagepipelines", "digits"))

    running.wait_gone("imagepipelines", "digits")
    until(lambda: images not in topics(kafka.bootstrap_servers, images), "the topic is gone")


def test_the_kafka_may_be_in_the_pipelines_own_namespace(running: Site, kafka: SharedKafka) -> None:
    manifest = running.manifest(deletionPolicy="Delete")
    manifest["metadata"]["namespace"] = running.kafka_namespace
    path = running.path("imagepipelines", "digits", running.kafka_namespace)
    manifest["spec"]["kafka"]["cluster"].pop("namespace")
    manifest["spec"]["replicas"] = 0
    running.api.apply(running.path("configmaps", "model", running.kafka_namespace), _model(running.kafka_namespace))
    running.api.apply(path, manifest)
    until(lambda: _ready(running.api.get(path)) == "True", "ready")
    live = running.api.get(path)
    assert "finalizers" not in live["metadata"], "the garbage collector does it all"

    running.api.delete(path)

    images = f"{running.kafka_namespace}.digits.images"
    running.wait_gone("kafkatopics", images, running.kafka_namespace)
    until(lambda: images not in topics(kafka.bootstrap_servers, images), "the topic is gone")


def test_nothing_is_written_in_steady_state_nor_after_a_restart(here: Site, kafka: SharedKafka) -> None:
    operator = here.start_all(kafka.bootstrap_servers)
    for number in range(3):
        manifest = here.manifest(f"pipeline-{number}", stages=["classify", "embed"])
        manifest["spec"]["stages"][0] |= EVERYTHING
        here.apply(manifest)
    for number in range(3):
        here.wait_ready(f"pipeline-{number}")
    until(lambda: operator.metric("darkroom_operator_queue_length") == 0, "nothing left to do")

    log = here.api_server.audit.from_now()
    operator.stop()
    again = here.start_operator("--resync-seconds", "2")
    outcome = 'darkroom_operator_reconciles_total{outcome="ready"}'
    until(lambda: again.metric(outcome) >= 9, "every pipeline was looked at, again and again")

    assert log.writes(here.user) == []


def test_the_deletion_of_a_namespace_is_not_blocked(here: Site, kafka: SharedKafka) -> None:
    here.start_all(kafka.bootstrap_servers)
    here.apply(here.manifest())
    here.wait_ready()
    images = f"{here.namespace}.digits.images"

    here.api.delete(f"/api/v1/namespaces/{here.namespace}")

    until(lambda: here.api.find(f"/api/v1/namespaces/{here.namespace}") is None, "the namespace is gone", 60.0)
    until(lambda: here.names("kafkatopics", here.kafka_namespace) == [], "so are its KafkaTopics")
    assert images in topics(kafka.bootstrap_servers, images), "but not the records"


def _model(namespace: str) -> Manifest:
    metadata = {"name": "model", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"model.onnx": "x"}}


def _ready(live: Manifest) -> str:
    conditions = live.get("status", {}).get("conditions", [])
    return next((c["status"] for c in conditions if c["type"] == "Ready"), "")
