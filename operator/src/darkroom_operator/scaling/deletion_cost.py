"""Which pods go first when workers are removed: those that are not ready, then the newest.

The ReplicaSet controller deletes pods with a lower deletion cost first. A new worker has the coldest caches, and
Kubernetes itself prefers to keep pods apart on nodes to keeping old ones.
"""

from collections.abc import Iterable

from darkroom import names
from darkroom_operator.cluster.world import World
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import POD
from darkroom_operator.kube.transport import Manifest

COST = "controller.kubernetes.io/pod-deletion-cost"
FIRST = "-100"


def mark_newest(key: PipelineKey, stage: str, count: int, world: World) -> None:
    """Give the `count` newest pods of a stage a low deletion cost. A pod that is gone, or forbidden, is left out."""
    pods = [
        pod for pod in world.cache.owned(POD, key) if pod["metadata"].get("labels", {}).get(names.LABEL_STAGE) == stage
    ]
    for pod in newest(pods, count):
        if pod["metadata"].get("annotations", {}).get(COST) == FIRST:
            continue
        metadata = pod["metadata"]
        patch = {"metadata": {"annotations": {COST: FIRST}}}
        try:
            world.cache.put(POD, world.kube.merge(POD, metadata["namespace"], metadata["name"], patch))
        except ApiError as error:
            if error.is_transient:
                raise


def newest(pods: Iterable[Manifest], count: int) -> list[Manifest]:
    """The `count` pods to delete first."""
    kept = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return sorted(kept, key=_ready_since, reverse=True)[:count]


def _ready_since(pod: Manifest) -> tuple[bool, str]:
    """Sorts by the time since which a pod is ready, in RFC 3339; pods that are not ready come last."""
    for condition in pod.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return False, condition.get("lastTransitionTime", "")
    return True, pod["metadata"].get("creationTimestamp", "")
