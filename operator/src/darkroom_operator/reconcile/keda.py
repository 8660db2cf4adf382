"""Stages that KEDA scales: their ScaledObject, and the credentials with which KEDA reads their lag."""

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import StagePlan
from darkroom_operator.builders.keda import UNMEASURED_RATE, keda_secret, scaled_object, trigger_authentication
from darkroom_operator.builders.workload import KafkaAccess
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.credentials import CA, CERTIFICATE, PASSWORD, PRIVATE_KEY, USERNAME, secret_keys
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import SCALED_OBJECT, SECRET, TRIGGER_AUTHENTICATION
from darkroom_operator.scaling.report import StageReport
from darkroom_operator.status.findings import Finding

KEPT_CHANGE = 0.25
"""A rate that differs less from the one in use is not written: every write makes KEDA start anew."""

_PARAMETERS = {CA: "ca", CERTIFICATE: "cert", PRIVATE_KEY: "key", USERNAME: "username", PASSWORD: "password"}


def scale_with_keda(
    pipeline: ImagePipeline, stage: StagePlan, access: KafkaAccess, report: StageReport | None, world: World
) -> Finding | None:
    """Create or update what KEDA needs for `stage`, if it is to scale it. Returns what is wrong.

    Raises:
        UnusableSecret: a Secret with credentials does not exist.
        OwnedByAnother: a name is in use.
        ApiError: the API server refused a request.
    """
    autoscaling = stage.autoscaling
    if autoscaling is None or not autoscaling.keda:
        return None
    if not world.served_kinds.has(SCALED_OBJECT):
        message = f'stage "{stage.name}": the API server does not serve keda.sh/v1alpha1: install KEDA, or remove keda'
        return Finding(ready=False, reason="KedaNotInstalled", message=message)
    parameters = _parameters(pipeline, access, world)
    if parameters:
        world.ensure(SECRET, keda_secret(pipeline, stage, parameters))
        world.ensure(TRIGGER_AUTHENTICATION, trigger_authentication(pipeline, stage, parameters))
    rate = _worker_rate(pipeline, stage, report, world)
    wanted = scaled_object(pipeline, stage, autoscaling, access.connection, rate, authenticates=bool(parameters))
    world.ensure(SCALED_OBJECT, wanted)
    return None


def _parameters(pipeline: ImagePipeline, access: KafkaAccess, world: World) -> dict[str, bytes]:
    """The credentials of the workers, by the names of the trigger's parameters."""
    key = PipelineKey(pipeline.namespace, pipeline.name)
    files: dict[str, bytes] = {}
    for secret in access.secrets:
        files |= secret_keys(world, key, pipeline.namespace, secret.secret, secret.files)
    scram = access.connection.scram
    username = {} if scram is None or scram.username is None else {"username": scram.username.encode()}
    return {**username, **{_PARAMETERS[file]: content for file, content in files.items()}}


def _worker_rate(pipeline: ImagePipeline, stage: StagePlan, report: StageReport | None, world: World) -> float:
    """Images per second of a worker; the rate in use while none is known, or while it hardly differs."""
    live = world.cache.get(SCALED_OBJECT, pipeline.namespace, names.child(pipeline.name, stage.name)) or {}
    text = live.get("metadata", {}).get("annotations", {}).get(names.ANNOTATION_WORKER_RATE)
    measured = None if report is None else report.worker_rate
    if text is None:
        return UNMEASURED_RATE if measured is None else measured
    in_use = float(text)
    return in_use if measured is None or abs(measured - in_use) <= KEPT_CHANGE * in_use else measured
