"""The names of all objects of a pipeline. All names are formed here."""

import re

GROUP = "darkroom.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "ImagePipeline"
PLURAL = "imagepipelines"
SHORT_NAME = "imgp"

LABEL_PIPELINE = f"{GROUP}/pipeline"
LABEL_NAMESPACE = f"{GROUP}/namespace"
LABEL_STAGE = f"{GROUP}/stage"
FINALIZER = f"{GROUP}/cleanup"
ANNOTATION_APPLIED = f"{GROUP}/applied"
ANNOTATION_SETTINGS = f"{GROUP}/settings"
ANNOTATION_CREDENTIALS = f"{GROUP}/credentials"
ANNOTATION_AUTOSCALED = f"{GROUP}/autoscaled"
ANNOTATION_WORKER_RATE = f"{GROUP}/worker-rate"
ANNOTATION_MODEL = f"{GROUP}/model"

NAME_MAX_LENGTH = 40
NAMESPACE_MAX_LENGTH = 63
DNS_LABEL_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


def is_dns_label(name: str, max_length: int = NAME_MAX_LENGTH) -> bool:
    """Whether `name` is a DNS label (RFC 1123: lower-case letters, digits, inner hyphens) of at most `max_length`."""
    return len(name) <= max_length and re.fullmatch(DNS_LABEL_PATTERN, name) is not None


def images_topic(namespace: str, pipeline: str) -> str:
    """The topic that images are published to."""
    return f"{namespace}.{pipeline}.images"


def results_topic(namespace: str, pipeline: str, stage: str) -> str:
    """The topic that a stage publishes its results to."""
    return f"{namespace}.{pipeline}.{stage}.results"


def dead_letters_topic(namespace: str, pipeline: str, stage: str) -> str:
    """The topic for the images that a stage could not analyse."""
    return f"{namespace}.{pipeline}.{stage}.dead-letters"


def consumer_group(namespace: str, pipeline: str, stage: str) -> str:
    """The consumer group that the workers of a stage share."""
    return f"{namespace}.{pipeline}.{stage}"


def share_group(namespace: str, pipeline: str, stage: str) -> str:
    """The share group of the workers of a stage with mode Queue.

    Kafka has one namespace for groups of all types, so that it can't have the name of the consumer group.
    """
    return f"{consumer_group(namespace, pipeline, stage)}.queue"


def attempts_group(namespace: str, pipeline: str, stage: str) -> str:
    """The group without members in whose commits the workers of mode Queue count how often images ended processes."""
    return f"{share_group(namespace, pipeline, stage)}.attempts"


def replay_group_prefix(namespace: str, pipeline: str, stage: str) -> str:
    """The prefix of the consumer groups of all replays of a stage. One ACL covers them, and no other group."""
    return f"{consumer_group(namespace, pipeline, stage)}.replay."


def replay_group(namespace: str, pipeline: str, stage: str, generation: str) -> str:
    """The consumer group of the replay `generation`."""
    return f"{replay_group_prefix(namespace, pipeline, stage)}{generation}"


def generation_problem(generation: str) -> str | None:
    """Why `generation` is not a valid name of a replay; None if it is."""
    if is_dns_label(generation):
        return None
    return f"generation {generation!r}: use at most {NAME_MAX_LENGTH} lower-case letters, digits and inner hyphens"


def replay_dead_letters_topic(results_topic: str) -> str:
    """The dead letters topic of a replay that publishes its results to its own topic, `results_topic`."""
    return f"{results_topic}.dead-letters"


def is_topic(name: str) -> bool:
    """Whether `name` is a valid topic name. Source: Kafka, org.apache.kafka.common.internals.Topic."""
    return name not in {".", ".."} and re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name) is not None


def transactional_id_prefix(namespace: str, pipeline: str, stage: str) -> str:
    """The prefix of the transactional ids of a stage's producers, covered by one ACL.

    It ends with a dot so that the prefix of `demo.digits.a` does not match ids of `demo.digits.ab`.
    """
    return f"{consumer_group(namespace, pipeline, stage)}."


def child(pipeline: str, stage: str) -> str:
    """The name of a stage's Deployment, ConfigMap and other Kubernetes objects."""
    return f"{pipeline}-{stage}"


def kafka_user(namespace: str, pipeline: str, stage: str) -> str:
    """The KafkaUser of a stage. Includes the pipeline's namespace, because the Kafka cluster may be in a shared one."""
    return consumer_group(namespace, pipeline, stage)


def kafka_secret(pipeline: str, stage: str) -> str:
    """The copy of a stage's Kafka credentials, made when the Kafka cluster is in another namespace."""
    return f"{child(pipeline, stage)}-kafka"


def keda_secret(pipeline: str, stage: str) -> str:
    """The Secret with a stage's Kafka credentials under the names that KEDA has for them."""
    return f"{child(pipeline, stage)}-keda"


def images_source(namespace: str, pipeline: str) -> str:
    """The CloudEvents source of a pipeline's images."""
    return f"/darkroom/{namespace}/{pipeline}"


def stage_source(namespace: str, pipeline: str, stage: str) -> str:
    """The CloudEvents source of a stage's results and dead letters."""
    return f"/darkroom/{namespace}/{pipeline}/{stage}"


def result_id(image_id: str, stage: str, generation: str | None = None) -> str:
    """The CloudEvents id of a stage's result for an image, always the same except in replays.

    The ids of a replay's results end with its `generation`.
    """
    return f"{image_id}.{stage}" if generation is None else f"{image_id}.{stage}@{generation}"


def image_id_at(topic: str, partition: int, offset: int) -> str:
    """The id of an image whose record has no `ce_id`: its topic, partition and offset."""
    return f"{topic}-{partition}-{offset}"
