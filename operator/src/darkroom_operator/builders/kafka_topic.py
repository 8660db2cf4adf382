"""KafkaTopic objects: one for every topic of a topology."""

from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import Topic
from darkroom_operator.builders.metadata import owned, pipeline_labels
from darkroom_operator.kube.kinds import KAFKA_TOPIC
from darkroom_operator.kube.transport import Manifest

CLUSTER_LABEL = "strimzi.io/cluster"
MANAGED = "strimzi.io/managed"


def kafka_topic(pipeline: ImagePipeline, topic: Topic, cluster: str, namespace: str) -> Manifest:
    """The KafkaTopic that makes Strimzi keep `topic` as described.

    Source: Strimzi 1.2.0, KafkaTopicSpec. Only a topic that is to go with its pipeline has an owner: the garbage
    collector would delete the others, and Strimzi their records with them.
    """
    owner = owned(pipeline, namespace) if pipeline.spec.deletion_policy == "Delete" else {}
    return {
        "apiVersion": KAFKA_TOPIC.api_version,
        "kind": KAFKA_TOPIC.name,
        "metadata": {
            "name": topic.name,
            "namespace": namespace,
            "labels": {**pipeline_labels(pipeline.namespace, pipeline.name), CLUSTER_LABEL: cluster},
            # A topic that was retained once is "false" until it is adopted again.
            "annotations": {MANAGED: "true"},
            **owner,
        },
        "spec": {"partitions": topic.partitions, "replicas": topic.replicas, "config": dict(topic.config)},
    }
