"""The stages of a pipeline: their workers, and the objects that these need in the pipeline's namespace."""

from collections.abc import Mapping

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.status import StageStatus
from darkroom.topology import StagePlan, Topology
from darkroom_operator.builders.deployment import deployment
from darkroom_operator.builders.disruption_budget import disruption_budget
from darkroom_operator.builders.network_policy import network_policy
from darkroom_operator.builders.pod_monitor import pod_monitor
from darkroom_operator.builders.service_account import service_account
from darkroom_operator.builders.settings import settings_map
from darkroom_operator.builders.workload import KafkaAccess, WorkerImage, WorkerTracing, Workload
from darkroom_operator.cluster.cache import owner_of
from darkroom_operator.cluster.world import OwnedByAnother, World
from darkroom_operator.kafka.credentials import UnusableSecret
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    NETWORK_POLICY,
    POD,
    POD_MONITOR,
    SERVICE_ACCOUNT,
    Kind,
)
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.reconcile.keda import scale_with_keda
from darkroom_operator.reconcile.models import UnusableModel, credential_names, model_files
from darkroom_operator.reconcile.workers import execution_of, workers_finding
from darkroom_operator.scaling.replicas import ensure_deployment
from darkroom_operator.scaling.report import StageReport
from darkroom_operator.status.findings import Finding, combined, refused
from darkroom_operator.status.pipeline_status import MAX_MESSAGE, SUSPENDED, StagesState

ALL_READY = Finding(ready=True, reason="AllReady", message="all workers of every stage are ready")


def run_stages(
    pipeline: ImagePipeline,
    plan: Topology,
    access: Mapping[str, KafkaAccess],
    image: WorkerImage,
    tracing: WorkerTracing | None,
    reports: Mapping[str, StageReport],
    world: World,
) -> StagesState:
    """Create or update the workers of every stage. Returns their state.

    `reports` has the last decisions about the number of workers, by stage.
    """
    found = []
    for stage in plan.stages:
        report = reports.get(stage.name)
        finding = _run(pipeline, stage, access.get(stage.name), image, tracing, report, world)
        found.append(report.problem if finding.ready and report is not None and report.problem else finding)
    return _stages(pipeline, plan, found, world)


def keep_stages(pipeline: ImagePipeline, plan: Topology, reason: str, message: str, world: World) -> StagesState:
    """Leave the workers as they are, because their topics or credentials are not ready."""
    found = []
    for stage in plan.stages:
        live = world.cache.get(DEPLOYMENT, pipeline.namespace, names.child(pipeline.name, stage.name))
        if live is not None and pipeline.spec.suspend:
            _stop(live, world)
        found.append(Finding(ready=False, reason=reason, message=message))
    return _stages(pipeline, plan, found, world)


def _run(
    pipeline: ImagePipeline,
    stage: StagePlan,
    access: KafkaAccess | None,
    image: WorkerImage,
    tracing: WorkerTracing | None,
    report: StageReport | None,
    world: World,
) -> Finding:
    if access is None:
        return Finding(ready=False, reason="WaitingForCredentials", message=f'stage "{stage.name}" has no credentials')
    try:
        _check_name(pipeline, stage, world)
        workload = Workload(
            image,
            access,
            model_files(pipeline, stage.spec, world),
            credential_names(pipeline, stage.spec, world),
            tracing,
        )
        objects = _objects(pipeline, stage, workload, with_monitor=world.served_kinds.has(POD_MONITOR))
        for kind, desired in objects:
            world.ensure(kind, desired)
        # The Deployment is the last, because its pods need the others.
        live = ensure_deployment(deployment(pipeline, stage, workload), stage, world)
        if problem := scale_with_keda(pipeline, stage, access, report, world):
            return problem
    except UnusableSecret as missing:
        return missing.finding
    except UnusableModel as missing:
        return missing.finding
    except OwnedByAnother as error:
        return Finding(ready=False, reason="NameConflict", message=f'stage "{stage.name}": {error}', retry=True)
    except ApiError as error:
        if error.is_transient:
            raise
        return refused(f'stage "{stage.name}"', error)
    except ValueError as error:  # a value in the spec that no rule checks
        return Finding(ready=False, reason="InvalidSpec", message=f'stage "{stage.name}": {error}')
    pods = _pods(pipeline, stage, world)
    return workers_finding(stage.name, live, pods, is_autoscaled=not stage.has_fixed_replicas)


def _objects(
    pipeline: ImagePipeline, stage: StagePlan, workload: Workload, *, with_monitor: bool
) -> list[tuple[Kind, Manifest]]:
    """The objects that the workers of a stage need."""
    monitors = [(POD_MONITOR, pod_monitor(pipeline, stage))] if with_monitor else []
    return [
        (SERVICE_ACCOUNT, service_account(pipeline, stage)),
        (CONFIG_MAP, settings_map(pipeline, stage, workload)),
        (NETWORK_POLICY, network_policy(pipeline, stage, workload)),
        (DISRUPTION_BUDGET, disruption_budget(pipeline, stage)),
        *monitors,
    ]


def _check_name(pipeline: ImagePipeline, stage: StagePlan, world: World) -> None:
    """Check that the pipeline may use the name: it has it already, or is the oldest pipeline that claims it.

    Raises:
        OwnedByAnother: the name belongs to another pipeline.
    """
    key, name = PipelineKey(pipeline.namespace, pipeline.name), names.child(pipeline.name, stage.name)
    live = world.cache.get(DEPLOYMENT, pipeline.namespace, name)
    holder = world.claims.holder(pipeline.namespace, name) if live is None else owner_of(DEPLOYMENT, live)
    if holder not in {key, None}:
        raise OwnedByAnother(DEPLOYMENT, pipeline.namespace, name, holder)


def _stop(live: Manifest, world: World) -> None:
    """Scale a Deployment to zero: suspending works even if the rest of the Deployment cannot be built."""
    if live["spec"].get("replicas") != 0 and "deletionTimestamp" not in live["metadata"]:
        metadata = live["metadata"]
        stopped = world.kube.merge(DEPLOYMENT, metadata["namespace"], metadata["name"], {"spec": {"replicas": 0}})
        world.cache.put(DEPLOYMENT, stopped)


def _pods(pipeline: ImagePipeline, stage: StagePlan, world: World) -> list[Manifest]:
    pods = world.cache.owned(POD, PipelineKey(pipeline.namespace, pipeline.name))
    return [pod for pod in pods if pod["metadata"].get("labels", {}).get(names.LABEL_STAGE) == stage.name]


def _stages(pipeline: ImagePipeline, plan: Topology, found: list[Finding], world: World) -> StagesState:
    if pipeline.spec.suspend:
        found = [SUSPENDED if finding.ready else finding for finding in found]
    statuses, replicas = [], 0
    for stage, finding in zip(plan.stages, found, strict=True):
        live = world.cache.get(DEPLOYMENT, pipeline.namespace, names.child(pipeline.name, stage.name))
        if live is not None and owner_of(DEPLOYMENT, live) != PipelineKey(pipeline.namespace, pipeline.name):
            live = None
        status = live.get("status", {}) if live is not None else {}
        replicas += status.get("replicas", 0)
        statuses.append(
            StageStatus(
                name=stage.name,
                results_topic=stage.results.name,
                dead_letters_topic=stage.dead_letters.name,
                consumer_group=stage.group,
                replicas=stage.replicas
                if stage.has_fixed_replicas or live is None
                else live["spec"].get("replicas", 1),
                ready_replicas=status.get("readyReplicas", 0),
                execution=execution_of(_pods(pipeline, stage, world)) if stage.spec.resources.has_gpu else None,
                message="" if finding.ready else finding.message[:MAX_MESSAGE],
            )
        )
    return StagesState(combined(found, ALL_READY), tuple(statuses), replicas, sum(finding.ready for finding in found))
