"""KafkaTopics: one for each topic of a topology."""

from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import Topic
from darkroom_operator.builders.metadata import owned, pipeline_labels
from darkroom_operator.kube.kinds import KAFKA_TOPIC
from darkroom_operator.kube.transport import Manifest

CLUSTER_LABEL = "strimzi.io/cluster"
MANAGED = "strimzi.io/managed"


def kafka_topic(pipeline: ImagePipeline, topic: Topic, cluster: str, namespace: str) -> Manifest:
    """The KafkaTopic from which Strimzi manages `topic`.

    Source: Strimzi 1.2.0, KafkaTopicSpec. Only with the deletion policy Delete does it have an owner: the garbage
    collector would delete the KafkaTopic, and Strimzi the records with it.
    """
    owner = owned(pipeline, namespace) if pipeline.spec.deletion_policy == "Delete" else {}
    return {
        "apiVersion": KAFKA_TOPIC.api_version,
        "kind": KAFKA_TOPIC.name,
        "metadata": {
            "name": topic.name,
            "namespace": namespace,
            "labels": {**pipeline_labels(pipeline.namespace, pipeline.name), CLUSTER_LABEL: cluster},
            # A retained topic has "false" until a pipeline adopts it.
            "annotations": {MANAGED: "true"},
            **owner,
        },
        "spec": {"partitions": topic.partitions, "replicas": topic.replicas, "config": dict(topic.config)},
    }
