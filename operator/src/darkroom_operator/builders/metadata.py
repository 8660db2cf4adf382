"""Common metadata of objects: labels with the pipeline, and an owner reference where Kubernetes allows one."""

from typing import Any

from darkroom import names
from darkroom.api.pipeline import ImagePipeline

Labels = dict[str, str]
MANAGED_BY = "darkroom-operator"


def pipeline_labels(namespace: str, pipeline: str) -> Labels:
    """The labels of every object of a pipeline, in any namespace."""
    return {
        "app.kubernetes.io/managed-by": MANAGED_BY,
        names.LABEL_NAMESPACE: namespace,
        names.LABEL_PIPELINE: pipeline,
    }


def stage_labels(namespace: str, pipeline: str, stage: str) -> Labels:
    """The labels of every object of a stage."""
    return {
        **pipeline_labels(namespace, pipeline),
        "app.kubernetes.io/name": "darkroom-worker",
        names.LABEL_STAGE: stage,
    }


def worker_selector(pipeline: str, stage: str) -> Labels:
    """The labels that select the worker pods of a stage in their namespace."""
    return {names.LABEL_PIPELINE: pipeline, names.LABEL_STAGE: stage}


def owned(pipeline: ImagePipeline, namespace: str) -> dict[str, Any]:
    """The owner reference of an object in `namespace`; none in another namespace, where it would be invalid."""
    if namespace != pipeline.namespace:
        return {}
    return {
        "ownerReferences": [
            {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "name": pipeline.name,
                "uid": pipeline.metadata.uid,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ]
    }


def child_metadata(pipeline: ImagePipeline, stage: str) -> dict[str, Any]:
    """The metadata of an object of `stage` in the pipeline's own namespace."""
    return {
        "name": names.child(pipeline.name, stage),
        "namespace": pipeline.namespace,
        "labels": stage_labels(pipeline.namespace, pipeline.name, stage),
        **owned(pipeline, pipeline.namespace),
    }
