"""PodDisruptionBudgets: a node drain evicts one worker of a stage at a time."""

from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import StagePlan
from darkroom_operator.builders.metadata import child_metadata, worker_selector
from darkroom_operator.kube.kinds import DISRUPTION_BUDGET
from darkroom_operator.kube.transport import Manifest


def disruption_budget(pipeline: ImagePipeline, stage: StagePlan) -> Manifest:
    """The PodDisruptionBudget of `stage`. A single worker may be evicted too: its images wait in Kafka."""
    return {
        "apiVersion": DISRUPTION_BUDGET.api_version,
        "kind": DISRUPTION_BUDGET.name,
        "metadata": child_metadata(pipeline, stage.name),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": worker_selector(pipeline.name, stage.name)},
            # Evicting a pod that is not ready interrupts no work.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
