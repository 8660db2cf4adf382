"""PodMonitors: let Prometheus scrape the workers, if the Prometheus Operator is installed."""

from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import StagePlan
from darkroom_operator.builders.metadata import child_metadata, worker_selector
from darkroom_operator.kube.kinds import POD_MONITOR
from darkroom_operator.kube.transport import Manifest


def pod_monitor(pipeline: ImagePipeline, stage: StagePlan) -> Manifest:
    """The PodMonitor of `stage`."""
    return {
        "apiVersion": POD_MONITOR.api_version,
        "kind": POD_MONITOR.name,
        "metadata": child_metadata(pipeline, stage.name),
        "spec": {
            "selector": {"matchLabels": worker_selector(pipeline.name, stage.name)},
            "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics"}],
        },
    }
