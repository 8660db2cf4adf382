"""The replicas of an autoscaled Deployment: one field, owned by a field manager of its own.

Kubernetes sets a field that the last field manager gives up to its default: one worker. So the autoscaler takes the
field before the operator's other field manager leaves it out, and gives it up after that one has it again.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
"""

from darkroom import names
from darkroom.topology import StagePlan
from darkroom_operator.cluster.world import World
from darkroom_operator.kube.kinds import DEPLOYMENT
from darkroom_operator.kube.transport import Manifest

MANAGER = "darkroom-autoscaler"


def ensure_deployment(desired: Manifest, stage: StagePlan, world: World) -> Manifest:
    """Create or update the Deployment of `stage`, and hand its replicas over if they get another owner.

    Raises:
        OwnedByAnother: the name is in use.
        ApiError: the API server refused a request.
    """
    metadata = desired["metadata"]
    live = world.cache.get(DEPLOYMENT, metadata["namespace"], metadata["name"])
    if live is not None and "deletionTimestamp" in live["metadata"]:
        return world.ensure(DEPLOYMENT, desired)
    if stage.has_fixed_replicas:
        if live is None or not is_autoscaled(live):
            return world.ensure(DEPLOYMENT, desired)
        _apply(live, {}, {"replicas": live["spec"].get("replicas", 1)}, world)
        return _apply(world.ensure(DEPLOYMENT, desired), {}, {}, world)
    if live is None:
        spec = {"replicas": stage.replicas, **desired["spec"]}
        live = world.ensure(DEPLOYMENT, {**desired, "spec": spec})
    if not is_autoscaled(live):
        _take_over(live, world)
    return world.ensure(DEPLOYMENT, desired)


def is_autoscaled(live: Manifest) -> bool:
    """Whether the autoscaler has taken the replicas of a Deployment, for itself or for KEDA."""
    return names.ANNOTATION_AUTOSCALED in live["metadata"].get("annotations", {})


def set_replicas(live: Manifest, replicas: int, world: World) -> None:
    """Set the number of workers of a Deployment. Whoever set it before no longer owns it."""
    _apply(live, {names.ANNOTATION_AUTOSCALED: "true"}, {"replicas": replicas}, world)


def _take_over(live: Manifest, world: World) -> None:
    """Make the autoscaler the owner of the replicas that a Deployment has now."""
    metadata = live["metadata"]
    current = world.kube.find(DEPLOYMENT, metadata["namespace"], metadata["name"])
    if current is not None:
        set_replicas(current, current["spec"].get("replicas", 1), world)


def _apply(live: Manifest, annotations: dict[str, str], spec: Manifest, world: World) -> Manifest:
    """Make the autoscaler the owner of exactly these fields."""
    metadata = {field: live["metadata"][field] for field in ("name", "namespace", "uid")}
    manifest = {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.name,
        "metadata": {**metadata, **({"annotations": annotations} if annotations else {})},
        **({"spec": spec} if spec else {}),
    }
    changed = world.kube.apply(DEPLOYMENT, manifest, manager=MANAGER)
    world.cache.put(DEPLOYMENT, changed)
    return changed
