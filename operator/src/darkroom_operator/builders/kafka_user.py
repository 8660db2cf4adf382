"""KafkaUsers: one for each stage, with the access rights that the stage needs."""

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import AccessRight, StagePlan
from darkroom_operator.builders.kafka_topic import CLUSTER_LABEL
from darkroom_operator.builders.metadata import owned, stage_labels
from darkroom_operator.kube.kinds import KAFKA_USER
from darkroom_operator.kube.transport import Manifest


def kafka_user(
    pipeline: ImagePipeline, stage: StagePlan, cluster: str, namespace: str, authentication: str, *, acls: bool
) -> Manifest:
    """The KafkaUser of the workers of `stage`, with ACLs only if the User Operator supports them for this Kafka.

    Source: Strimzi 1.2.0, KafkaUserSpec. Without ACL support the User Operator refuses a user with `authorization`.
    """
    authorization = {"authorization": {"type": "simple", "acls": [_acl(right) for right in stage.rights]}}
    labels = stage_labels(pipeline.namespace, pipeline.name, stage.name)
    return {
        "apiVersion": KAFKA_USER.api_version,
        "kind": KAFKA_USER.name,
        "metadata": {
            "name": names.kafka_user(pipeline.namespace, pipeline.name, stage.name),
            "namespace": namespace,
            "labels": {**labels, CLUSTER_LABEL: cluster},
            **owned(pipeline, namespace),
        },
        "spec": {"authentication": {"type": authentication}, **(authorization if acls else {})},
    }


def _acl(right: AccessRight) -> Manifest:
    return {
        "resource": {
            "type": right.resource,
            "name": right.name,
            "patternType": "prefix" if right.prefix else "literal",
        },
        "operations": list(right.operations),
    }
