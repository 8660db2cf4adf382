"""The AsyncAPI 3.0 document of pipelines.

Source: AsyncAPI 3.0.0 and its Kafka bindings 0.5.0. The application that the document describes is Darkroom: it
receives images, and sends results and dead letters.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from darkroom.asyncapi.messages import (
    FAILURE,
    IMAGE,
    KAFKA_BINDING,
    STRUCTURED_IMAGE,
    Document,
    analyzed,
    messages,
    schemas,
)
from darkroom.topology import StagePlan, Topic, Topology

ASYNCAPI_VERSION: Final = "3.0.0"

_ABOUT: Final = (
    "Topics of Darkroom's pipelines. Send images to an images topic, or to the ingestion service, which publishes them "
    "there. Each stage analyses every image and publishes a result, or a dead letter if it fails. Events follow "
    "CloudEvents 1.0. The document has no servers, because the addresses of brokers depend on the client's network."
)
_NUMBERS: Final = frozenset({"retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes"})
"""The topic settings that the Kafka binding wants as integers."""


def asyncapi_document(topologies: Iterable[Topology]) -> Document:
    """The document of all topics, records and consumer groups of the pipelines."""
    plans = list(topologies)
    output_types = sorted({stage.spec.output.type for plan in plans for stage in plan.stages})
    channels: dict[str, Document] = {}
    operations: dict[str, Document] = {}
    for plan in plans:
        pipeline = f"{plan.namespace}/{plan.pipeline}"
        channels[plan.images.name] = _channel(plan.images, f"Images of {pipeline}", [IMAGE, STRUCTURED_IMAGE])
        for stage in plan.stages:
            of_stage = f"of stage {stage.name} of {pipeline}"
            result = analyzed(stage.spec.output.type)
            channels[stage.results.name] = _channel(stage.results, f"Results {of_stage}", [result])
            channels[stage.dead_letters.name] = _channel(stage.dead_letters, f"Dead letters {of_stage}", [FAILURE])
            operations |= _operations(stage, of_stage)
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "Darkroom pipelines",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages(output_types), "schemas": schemas(output_types)},
    }


def _operations(stage: StagePlan, of_stage: str) -> dict[str, Document]:
    group = {
        "groupId": {"type": "string", "const": stage.group},
        "bindingVersion": KAFKA_BINDING,
    }
    return {
        f"{stage.consumer_group}.receiveImages": {
            **_operation(
                "receive", stage.images_topic, f"Workers {of_stage} read images as one {stage.group_type} group."
            ),
            "bindings": {"kafka": group},
        },
        f"{stage.consumer_group}.sendResults": _operation(
            "send", stage.results.name, f"Workers {of_stage} publish one result for each image."
        ),
        f"{stage.consumer_group}.sendDeadLetters": _operation(
            "send", stage.dead_letters.name, f"Workers {of_stage} publish the images that they cannot analyse."
        ),
    }


def _operation(action: str, topic: str, summary: str) -> Document:
    return {"action": action, "channel": {"$ref": f"#/channels/{topic}"}, "summary": summary}


def _channel(topic: Topic, title: str, names: Sequence[str]) -> Document:
    return {
        "address": topic.name,
        "title": title,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "replicas": topic.replicas,
                "topicConfiguration": _configuration(topic.config),
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _configuration(config: Mapping[str, str]) -> Document:
    """The topic settings, with the types that the Kafka binding gives them."""
    found: Document = {}
    for name, value in config.items():
        if name in _NUMBERS:
            found[name] = int(value)
        elif name == "cleanup.policy":
            found[name] = [policy.strip() for policy in value.split(",")]
        else:
            found[name] = value
    return found
