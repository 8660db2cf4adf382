"""Brings the cluster to the desired state of a pipeline. New pipelines, changes, drift and restarts are the same."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.status import StageStatus, Status
from darkroom.api.validation import InvalidPipeline, Problem, parse_pipeline
from darkroom.topology import Topology, topology
from darkroom_operator.builders.workload import WorkerImage, WorkerTracing
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.admin.credentials import credentials_files, named_credentials
from darkroom_operator.kafka.admin.settings import admin_settings
from darkroom_operator.kafka.admin.topics import TopicProvisioner
from darkroom_operator.kafka.credentials import UnusableSecret
from darkroom_operator.kafka.state import KafkaState
from darkroom_operator.kafka.strimzi.provisioning import provision_kafka, strimzi_namespace
from darkroom_operator.kafka.strimzi.topics import shrinking
from darkroom_operator.kafka.strimzi.users import withdraw_users
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import IMAGE_PIPELINE, NAMESPACE
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.reconcile.deletion import (
    delete_strimzi_objects,
    has_finalizer,
    is_terminating,
    needs_finalizer,
    set_finalizer,
    stop_workers,
)
from darkroom_operator.reconcile.prune import prune
from darkroom_operator.reconcile.stages import keep_stages, run_stages
from darkroom_operator.reconcile.tenant_template import FIELDS, refused_fields
from darkroom_operator.reconcile.worker_defaults import WorkerDefaults
from darkroom_operator.scaling.registry import Registry
from darkroom_operator.scaling.report import StageReport, with_autoscaling
from darkroom_operator.scaling.targets import targets_of
from darkroom_operator.status.events import EventRecorder
from darkroom_operator.status.findings import Finding, refused
from darkroom_operator.status.pipeline_status import (
    PipelineState,
    StagesState,
    read_status,
    removed_stages,
    status_of,
    status_of_invalid,
    with_ready,
)

_HOW_TO_GIVE_UP = "; set spec.deletionPolicy to Retain to delete the pipeline without its topics"


@dataclass(frozen=True)
class Outcome:
    """How a reconciliation ended.

    Attributes:
        name: the value of the metric label `outcome`.
        retry: whether to reconcile again after a back-off.
    """

    name: str
    retry: bool = False


class Reconciler:
    """Reconciles pipelines."""

    def __init__(
        self,
        world: World,
        topics: TopicProvisioner,
        recorder: EventRecorder,
        image: WorkerImage,
        on_status: Callable[[PipelineKey, Status | None], None],
        scaling: Registry,
        *,
        kafka_user: str = "darkroom-operator",
        tenant_template: Collection[str] = FIELDS,
        tracing: WorkerTracing | None = None,
        worker_defaults: WorkerDefaults | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._world = world
        self._topics = topics
        self._recorder = recorder
        self._image = image
        self._on_status = on_status
        self._scaling = scaling
        self._kafka_user = kafka_user
        self._tenant_template = tenant_template
        self._tracing = tracing
        self._worker_defaults = worker_defaults or WorkerDefaults()
        self._now = now

    def reconcile(self, key: PipelineKey) -> Outcome:
        """Bring the cluster to the desired state of the pipeline `key`. Safe to run at any time, any number of times.

        Raises:
            ApiError: a request to the API server failed and may succeed later.
        """
        live = self._world.cache.get(IMAGE_PIPELINE, *key)
        if live is None:
            return self._forget(key)
        if "deletionTimestamp" in live["metadata"]:
            return self._delete(key, live)
        try:
            pipeline = parse_pipeline({field: value for field, value in live.items() if field != "status"})
        except InvalidPipeline as error:
            return self._refuse(key, live, "InvalidSpec", error.problems)
        if problems := refused_fields(pipeline, self._tenant_template):
            return self._refuse(key, live, "TemplateNotAllowed", problems)
        pipeline = self._worker_defaults.applied_to(pipeline)
        plan = topology(pipeline)
        namespace = strimzi_namespace(pipeline)
        if namespace is not None and (problems := shrinking(plan, namespace, self._world)):
            return self._refuse(key, live, "InvalidSpec", problems)
        if has_finalizer(live) != needs_finalizer(pipeline):
            set_finalizer(live, self._world, wanted=needs_finalizer(pipeline))
        if pruned := prune(pipeline, plan, namespace, self._world):
            self._recorder.record(live, "Normal", "Removed", "CleanUp", f"no longer needed: {', '.join(pruned)}")
        before = read_status(live)
        deletes_topics = namespace is None and pipeline.spec.deletion_policy == "Delete"
        removed = removed_stages(before, plan) if deletes_topics else []
        kafka = self._kafka(key, pipeline, plan, removed)
        if kafka.withdrawn:
            stop_workers(key, self._world)
            withdraw_users(key, self._world)
        observer = kafka.observer or kafka.credentials.finding
        self._scaling.put(key, () if kafka.withdrawn else targets_of(pipeline, plan, observer))
        reports = self._scaling.reports(key)
        state = PipelineState(kafka.topics, kafka.credentials.finding, self._stages(pipeline, plan, kafka, reports))
        status = status_of(pipeline, plan, state, before, self._time())
        status = with_autoscaling(status, before, reports, _autoscaled(plan))
        if removed and not kafka.topics.ready:
            # The status keeps the names of the topics until they are deleted.
            status = status.model_copy(update={"stages": [*status.stages, *removed]})
        self._report(key, live, before, status)
        ready = all(finding.ready for finding in state.findings)
        return Outcome("ready" if ready else "waiting", retry=any(finding.retry for finding in state.findings))

    def report_failure(self, key: PipelineKey, reason: str, message: str) -> None:
        """Report in the status that reconciliations fail repeatedly, and why."""
        live = self._world.cache.get(IMAGE_PIPELINE, *key)
        if live is not None and "deletionTimestamp" not in live["metadata"]:
            before = read_status(live)
            finding = Finding(ready=False, reason=reason, message=message)
            status = with_ready(finding, live["metadata"]["generation"], before, self._time())
            self._report(key, live, before, status)

    def _kafka(
        self, key: PipelineKey, pipeline: ImagePipeline, plan: Topology, removed: Sequence[StageStatus]
    ) -> KafkaState:
        if pipeline.spec.kafka.cluster is not None:
            return provision_kafka(key, pipeline, plan, self._kafka_user, self._world)
        credentials = named_credentials(pipeline, self._world)
        if not credentials.finding.ready:
            waiting = Finding(ready=False, reason="WaitingForCredentials", message=credentials.finding.message)
            return KafkaState(waiting, credentials)
        settings = admin_settings(pipeline.spec.kafka, credentials_files(pipeline, self._world))
        surplus = [name for stage in removed for name in (stage.results_topic, stage.dead_letters_topic)]
        return KafkaState(self._topics.ensure(key, settings, plan.topics, surplus), credentials, settings)

    def _stages(
        self, pipeline: ImagePipeline, plan: Topology, kafka: KafkaState, reports: Mapping[str, StageReport]
    ) -> StagesState:
        if not kafka.topics.ready:
            return keep_stages(pipeline, plan, "WaitingForTopics", kafka.topics.message, self._world)
        if not kafka.credentials.access:
            message = kafka.credentials.finding.message
            return keep_stages(pipeline, plan, "WaitingForCredentials", message, self._world)
        return run_stages(pipeline, plan, kafka.credentials.access, self._image, self._tracing, reports, self._world)

    def _refuse(self, key: PipelineKey, live: Manifest, reason: str, problems: Sequence[Problem]) -> Outcome:
        """Report `problems` and change nothing else: existing workers keep running."""
        before = read_status(live)
        generation = live["metadata"]["generation"]
        self._report(key, live, before, status_of_invalid(reason, problems, generation, before, self._time()))
        return Outcome("invalid")

    def _forget(self, key: PipelineKey) -> Outcome:
        self._world.references.forget(key)
        self._topics.forget(key)
        self._scaling.forget(key)
        self._on_status(key, None)
        return Outcome("gone")

    def _delete(self, key: PipelineKey, live: Manifest) -> Outcome:
        if not has_finalizer(live):
            return Outcome("deleting")
        self._scaling.forget(key)
        keep = live["spec"].get("deletionPolicy") != "Delete"
        try:
            finding = self._clean_up(key, live, keep_topics=keep)
        except ApiError as error:
            if error.is_transient:
                raise
            finding = refused("deletion", error)
        # The operator's rights and the credentials may be gone already: the namespace must not hang in Terminating.
        if finding.retry and is_terminating(self._world.kube.find(NAMESPACE, None, key.namespace)):
            finding = Finding(ready=True, reason="TopicsLeft", message=f"topics may remain: {finding.message}")
        if not finding.ready:
            if finding.retry:
                message = f"the pipeline is not deleted yet: {finding.message}{'' if keep else _HOW_TO_GIVE_UP}"
                before = read_status(live)
                status = with_ready(
                    replace(finding, message=message), live["metadata"]["generation"], before, self._time()
                )
                self._report(key, live, before, status)
            return Outcome("deleting", retry=finding.retry)
        self._recorder.record(live, "Normal", finding.reason, "CleanUp", finding.message)
        set_finalizer(live, self._world, wanted=False)
        return Outcome("deleted")

    def _clean_up(self, key: PipelineKey, live: Manifest, *, keep_topics: bool) -> Finding:
        """Delete what the garbage collector does not delete; ready when every deletion has been requested."""
        stop_workers(key, self._world)
        delete_strimzi_objects(key, self._world, keep_topics=keep_topics)
        if not keep_topics and live["spec"].get("kafka", {}).get("bootstrapServers"):
            finding = self._delete_topics(key, live)
            if not finding.ready:
                return finding
        topics = "stay in Kafka with their records" if keep_topics else "are deleted"
        return Finding(ready=True, reason="Deleted", message=f"the workers have stopped; the topics {topics}")

    def _delete_topics(self, key: PipelineKey, live: Manifest) -> Finding:
        """Delete the topics of a Kafka without KafkaTopics."""
        try:
            pipeline = parse_pipeline({field: value for field, value in live.items() if field != "status"})
            settings = admin_settings(pipeline.spec.kafka, credentials_files(pipeline, self._world))
        except UnusableSecret as missing:
            return missing.finding
        except InvalidPipeline as error:
            return Finding(
                ready=True, reason="TopicsLeft", message=f"topics remain, because the spec is invalid: {error}"
            )
        return self._topics.ensure(key, settings, (), [topic.name for topic in topology(pipeline).topics])

    def _report(self, key: PipelineKey, live: Manifest, before: Status, after: Status) -> None:
        self._on_status(key, after)
        if after == before:
            return
        metadata = {field: live["metadata"][field] for field in ("name", "namespace", "uid")}
        manifest = {
            "apiVersion": IMAGE_PIPELINE.api_version,
            "kind": IMAGE_PIPELINE.name,
            "metadata": metadata,
            # Without fields that are not set, which the CRD of an earlier chart may lack: Helm does not upgrade CRDs.
            "status": after.model_dump(by_alias=True, mode="json", exclude_none=True),
        }
        try:
            self._world.cache.put(IMAGE_PIPELINE, self._world.kube.apply_status(IMAGE_PIPELINE, manifest))
        except ApiError as error:
            if error.is_not_found:
                return  # the pipeline was deleted
            raise
        self._recorder.record_transition(live, before, after)

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _autoscaled(plan: Topology) -> set[str]:
    return {stage.name for stage in plan.stages if stage.autoscaling is not None}
