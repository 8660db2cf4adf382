"""Secrets: the Kafka credentials of a stage, copied to the namespace of its workers."""

import base64
from collections.abc import Mapping

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import StagePlan
from darkroom_operator.builders.metadata import child_metadata
from darkroom_operator.kube.kinds import SECRET
from darkroom_operator.kube.transport import Manifest


def kafka_secret(pipeline: ImagePipeline, stage: StagePlan, files: Mapping[str, bytes]) -> Manifest:
    """The Secret with `files`: Strimzi creates it in the Kafka's namespace, and a pod can mount only from its own."""
    return stage_secret(pipeline, stage, names.kafka_secret(pipeline.name, stage.name), files)


def stage_secret(pipeline: ImagePipeline, stage: StagePlan, name: str, contents: Mapping[str, bytes]) -> Manifest:
    """A Secret of `stage` with the name `name`."""
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.name,
        "metadata": {**child_metadata(pipeline, stage.name), "name": name},
        "type": "Opaque",
        "data": {key: base64.b64encode(content).decode() for key, content in contents.items()},
    }
