"""ScaledObjects of KEDA, and the TriggerAuthentications and Secrets with which KEDA reads Kafka."""

import math
from collections.abc import Mapping
from typing import Any

from darkroom import names
from darkroom.api.autoscaling import Autoscaling
from darkroom.api.pipeline import ImagePipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.topology import StagePlan
from darkroom_operator.builders.kafka_secret import stage_secret
from darkroom_operator.builders.metadata import child_metadata
from darkroom_operator.builders.settings import loops
from darkroom_operator.kube.kinds import SCALED_OBJECT, TRIGGER_AUTHENTICATION
from darkroom_operator.kube.transport import Manifest

UNMEASURED_RATE = 10.0
"""Images per second of a worker, until its rate has been measured."""

POLLING_S = 15
MAX_WINDOW_S = 3_600
"""Kubernetes' limit of a HorizontalPodAutoscaler's stabilization window."""


def scaled_object(
    pipeline: ImagePipeline,
    stage: StagePlan,
    autoscaling: Autoscaling,
    connection: KafkaConnection,
    worker_rate: float,
    *,
    authenticates: bool,
) -> Manifest:
    """The ScaledObject of `stage`. Its lagThreshold is what a worker of `worker_rate` images/s does within drainTarget.

    Source: KEDA 2.21.0, pkg/scalers/kafka_scaler.go and config/crd/bases/keda.sh_scaledobjects.yaml.
    """
    child = names.child(pipeline.name, stage.name)
    # A worker has several consumers. More workers than all of them together need would have no partition.
    most = min(autoscaling.max, math.ceil(pipeline.spec.images.partitions / loops(stage.spec)))
    threshold = max(1, round(worker_rate * autoscaling.drain_target.in_ms / 1000))
    trigger: dict[str, Any] = {
        "type": "kafka",
        "metadata": {
            "bootstrapServers": connection.bootstrap_servers,
            "consumerGroup": stage.consumer_group,
            "topic": stage.images_topic,
            "lagThreshold": str(threshold),
            "offsetResetPolicy": "earliest",
            "limitToPartitionsWithLag": "true",
            "scaleToZeroOnInvalidOffset": "false",
            "sasl": "none" if connection.scram is None else "scram_sha512",
            "tls": "disable" if connection.tls is None else "enable",
        },
        **({"authenticationRef": {"name": child}} if authenticates else {}),
    }
    return {
        "apiVersion": SCALED_OBJECT.api_version,
        "kind": SCALED_OBJECT.name,
        "metadata": {
            **child_metadata(pipeline, stage.name),
            "annotations": {names.ANNOTATION_WORKER_RATE: f"{worker_rate:.6g}"},
        },
        "spec": {
            "scaleTargetRef": {"name": child},
            "minReplicaCount": min(autoscaling.min, most),
            "maxReplicaCount": most,
            "pollingInterval": POLLING_S,
            "cooldownPeriod": math.ceil(autoscaling.scale_to_zero_after.in_ms / 1000),
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "behavior": {
                        "scaleDown": {
                            "stabilizationWindowSeconds": min(
                                MAX_WINDOW_S, math.ceil(autoscaling.scale_down_delay.in_ms / 1000)
                            )
                        }
                    }
                }
            },
            "triggers": [trigger],
        },
    }


def trigger_authentication(pipeline: ImagePipeline, stage: StagePlan, parameters: Mapping[str, bytes]) -> Manifest:
    """The TriggerAuthentication that passes `parameters` from the Secret of `keda_secret` to the trigger."""
    secret = names.keda_secret(pipeline.name, stage.name)
    return {
        "apiVersion": TRIGGER_AUTHENTICATION.api_version,
        "kind": TRIGGER_AUTHENTICATION.name,
        "metadata": child_metadata(pipeline, stage.name),
        "spec": {
            "secretTargetRef": [{"parameter": name, "name": secret, "key": name} for name in sorted(parameters)],
        },
    }


def keda_secret(pipeline: ImagePipeline, stage: StagePlan, parameters: Mapping[str, bytes]) -> Manifest:
    """The Secret with the workers' credentials, under the names that KEDA's trigger has for them."""
    return stage_secret(pipeline, stage, names.keda_secret(pipeline.name, stage.name), parameters)
