"""The names of everything that a pipeline owns. No other module makes one up."""

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
ANNOTATION_MODEL = f"{GROUP}/model"

NAME_MAX_LENGTH = 40
NAMESPACE_MAX_LENGTH = 63
DNS_LABEL_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


def is_dns_label(name: str, max_length: int = NAME_MAX_LENGTH) -> bool:
    """Whether `name` is a DNS label (RFC 1123: lower case letters, digits, inner hyphens) of at most `max_length`."""
    return len(name) <= max_length and re.fullmatch(DNS_LABEL_PATTERN, name) is not None


def images_topic(namespace: str, pipeline: str) -> str:
    """The topic that images are published to."""
    return f"{namespace}.{pipeline}.images"


def results_topic(namespace: str, pipeline: str, stage: str) -> str:
    """The topic that a stage publishes its analyses to."""
    return f"{namespace}.{pipeline}.{stage}.results"


def dead_letters_topic(namespace: str, pipeline: str, stage: str) -> str:
    """The topic that a stage publishes the images to that it could not analyse."""
    return f"{namespace}.{pipeline}.{stage}.dead-letters"


def consumer_group(namespace: str, pipeline: str, stage: str) -> str:
    """The consumer group that the workers of a stage share."""
    return f"{namespace}.{pipeline}.{stage}"


def replay_group_prefix(namespace: str, pipeline: str, stage: str) -> str:
    """What the groups of all replays of a stage start with, so that one ACL covers them, and nobody else's."""
    return f"{consumer_group(namespace, pipeline, stage)}.replay."


def replay_group(namespace: str, pipeline: str, stage: str, generation: str) -> str:
    """The consumer group that analyses old images again as `generation`, apart from the live one."""
    return f"{replay_group_prefix(namespace, pipeline, stage)}{generation}"


def generation_problem(generation: str) -> str | None:
    """What is wrong with the name of a replay; None if it will do."""
    if is_dns_label(generation):
        return None
    return (
        f"generation {generation!r}: a name is at most {NAME_MAX_LENGTH} lower case letters, digits and inner hyphens"
    )


def dead_letters_beside(results_topic: str) -> str:
    """Where a replay puts what it can't analyse when its results go to a topic of its own."""
    return f"{results_topic}.dead-letters"


def is_topic(name: str) -> bool:
    """Whether Kafka takes a topic of that name. Source: Kafka, org.apache.kafka.common.internals.Topic."""
    return name not in {".", ".."} and re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name) is not None


def transactional_id_prefix(namespace: str, pipeline: str, stage: str) -> str:
    """What every transactional id of a stage's producers starts with, so that one ACL covers them all.

    The dot at its end keeps `demo.digits.a` from covering `demo.digits.ab`.
    """
    return f"{consumer_group(namespace, pipeline, stage)}."


def child(pipeline: str, stage: str) -> str:
    """The Deployment, ConfigMap and so on of a stage."""
    return f"{pipeline}-{stage}"


def kafka_user(namespace: str, pipeline: str, stage: str) -> str:
    """The KafkaUser of a stage: unique in whichever namespace the Kafka is."""
    return consumer_group(namespace, pipeline, stage)


def kafka_secret(pipeline: str, stage: str) -> str:
    """The copy of a stage's Kafka credentials, where the Kafka is in another namespace."""
    return f"{child(pipeline, stage)}-kafka"


def images_source(namespace: str, pipeline: str) -> str:
    """The CloudEvents source of the images of a pipeline."""
    return f"/darkroom/{namespace}/{pipeline}"


def stage_source(namespace: str, pipeline: str, stage: str) -> str:
    """The CloudEvents source of what a stage publishes."""
    return f"/darkroom/{namespace}/{pipeline}/{stage}"


def result_id(image_id: str, stage: str, generation: str | None = None) -> str:
    """The CloudEvents id of a stage's result for an image: the same however often the image is analysed.

    `generation` sets apart the results of a replay, which are meant to be new.
    """
    return f"{image_id}.{stage}" if generation is None else f"{image_id}.{stage}@{generation}"


def image_id_at(topic: str, partition: int, offset: int) -> str:
    """The id of an image whose record has no `ce_id`: its place in the log, which is as unique and as lasting."""
    return f"{topic}-{partition}-{offset}"
