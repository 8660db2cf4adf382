"""Deployments: the workers of a stage."""

from typing import Any

from darkroom import names
from darkroom.api.pipeline import ImagePipeline, Stage
from darkroom.topology import StagePlan
from darkroom_operator.builders.environment import worker_environment
from darkroom_operator.builders.execution_report import execution_report
from darkroom_operator.builders.metadata import child_metadata, stage_labels, worker_selector
from darkroom_operator.builders.settings import settings_digest
from darkroom_operator.builders.volumes import Volume, worker_volumes
from darkroom_operator.builders.workload import PORT, SETTINGS_FILE, SETTINGS_FOLDER, Workload
from darkroom_operator.kube.kinds import DEPLOYMENT
from darkroom_operator.kube.transport import Manifest

CONTAINER = "worker"
NOBODY = 10_001
STARTUP_LIMIT_S = 600
"""A worker that downloads a large model may take minutes before it responds to probes."""


def deployment(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> Manifest:
    """The Deployment of the workers of `stage`. A change of settings, credentials or model rolls them one by one.

    It has no `replicas` if these are not fixed: they belong to the autoscaler.
    """
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.name,
        "metadata": child_metadata(pipeline, stage.name),
        "spec": {
            **({"replicas": stage.replicas} if stage.has_fixed_replicas else {}),
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": worker_selector(pipeline.name, stage.name)},
            # A new worker is ready before an old one stops.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {
                    "labels": stage_labels(pipeline.namespace, pipeline.name, stage.name),
                    "annotations": _digests(pipeline, stage, workload),
                },
                "spec": _pod(pipeline, stage, workload),
            },
        },
    }


def _digests(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> dict[str, str]:
    digests = {
        names.ANNOTATION_SETTINGS: settings_digest(pipeline, stage, workload),
        names.ANNOTATION_CREDENTIALS: workload.kafka.digest,
        names.ANNOTATION_MODEL: workload.files.digest,
    }
    return {annotation: digest for annotation, digest in digests.items() if digest}


def _pod(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> dict[str, Any]:
    template = stage.spec.template
    volumes = list(worker_volumes(pipeline, stage, workload))
    worker = _container(stage.spec, workload, volumes)
    optional = {
        "initContainers": [execution_report(worker)] if stage.spec.resources.has_gpu else [],
        "nodeSelector": dict(template.node_selector),
        "tolerations": list(template.tolerations),
        "affinity": dict(template.affinity),
        "priorityClassName": template.priority_class_name,
        "runtimeClassName": template.runtime_class_name,
        "imagePullSecrets": [{"name": secret.name} for secret in template.image_pull_secrets],
    }
    return {
        "serviceAccountName": names.child(pipeline.name, stage.name),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": template.termination_grace_period_seconds,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "fsGroup": NOBODY,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": topology_key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": worker_selector(pipeline.name, stage.name)},
            }
            for topology_key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
        "containers": [worker],
        "volumes": [{"name": volume.name, **volume.source} for volume in volumes],
        **{field: value for field, value in optional.items() if value},
    }


def _container(stage: Stage, workload: Workload, volumes: list[Volume]) -> dict[str, Any]:
    resources = {
        field: {resource: str(amount) for resource, amount in amounts.items()}
        for field, amounts in (("requests", stage.resources.requests), ("limits", stage.resources.limits))
        if amounts
    }
    return {
        "name": CONTAINER,
        "image": workload.image.name_for(stage.resources),
        "imagePullPolicy": workload.image.pull_policy,
        "command": ["darkroom-worker"],
        "args": [
            "run",
            f"--settings={SETTINGS_FOLDER / SETTINGS_FILE}",
            "--host=0.0.0.0",
            f"--port={PORT}",
            "--log-format=json",
        ],
        "env": worker_environment(stage, workload),
        "ports": [{"name": "metrics", "containerPort": PORT, "protocol": "TCP"}],
        "resources": resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": _probe("/healthz", period_s=5, failures=STARTUP_LIMIT_S // 5),
        "livenessProbe": _probe("/healthz", period_s=10, failures=6),
        "readinessProbe": _probe("/readyz", period_s=5, failures=2),
        # A worker that cannot start prints the reason in its last line.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {
                "name": volume.name,
                "mountPath": volume.mount_path,
                **({} if volume.is_writable else {"readOnly": True}),
            }
            for volume in volumes
        ],
    }


def _probe(path: str, *, period_s: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "metrics"},
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
