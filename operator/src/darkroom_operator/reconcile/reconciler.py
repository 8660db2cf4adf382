"""Bring the cluster to what a pipeline asks for: the same steps for a new one, a change, drift and a restart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.status import StageStatus, Status
from darkroom.api.validation import InvalidPipeline, Problem, parse_pipeline
from darkroom.topology import Topology, topology
from darkroom_operator.builders.workload import WorkerImage
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.admin import KafkaAdmin, admin_settings
from darkroom_operator.kafka.credentials import MissingSecret, read_user_files, user_credentials
from darkroom_operator.kafka.strimzi import strimzi_namespace, strimzi_parts
from darkroom_operator.kafka.strimzi_topics import shrinking
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import IMAGE_PIPELINE, NAMESPACE
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.reconcile.deletion import (
    has_finalizer,
    is_ending,
    needs_finalizer,
    retire_strimzi_objects,
    set_finalizer,
    stop_workers,
)
from darkroom_operator.reconcile.garbage import remove_leftovers
from darkroom_operator.reconcile.stages import Stages, run_stages, waiting_stages
from darkroom_operator.runtime.work_queue import Key
from darkroom_operator.status.events import Recorder
from darkroom_operator.status.findings import Finding, refused
from darkroom_operator.status.report import (
    KafkaParts,
    Parts,
    lost_stages,
    read_status,
    status_of,
    status_of_invalid,
    with_ready,
)


@dataclass(frozen=True)
class Outcome:
    """What a reconciliation came to.

    Attributes:
        word: for metrics and logs.
        retry: whether to look again after a back-off.
    """

    word: str
    retry: bool = False


class Reconciler:
    """Everything that a reconciliation needs, made once."""

    def __init__(
        self,
        world: World,
        admin: KafkaAdmin,
        recorder: Recorder,
        image: WorkerImage,
        on_status: Callable[[Key, Status | None], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._world = world
        self._admin = admin
        self._recorder = recorder
        self._image = image
        self._on_status = on_status
        self._now = now

    def reconcile(self, key: Key) -> Outcome:
        """Bring the cluster to what the pipeline `key` asks for. Safe to run at any time, any number of times.

        Raises:
            ApiError: the API server did not answer, or changed its mind in between: try again.
        """
        live = self._world.cache.get(IMAGE_PIPELINE, *key)
        if live is None:
            return self._forget(key)
        if "deletionTimestamp" in live["metadata"]:
            return self._delete(key, live)
        try:
            pipeline = parse_pipeline({field: value for field, value in live.items() if field != "status"})
        except InvalidPipeline as error:
            return self._refuse(key, live, error.problems)
        plan = topology(pipeline)
        namespace = strimzi_namespace(pipeline)
        if namespace is not None and (problems := shrinking(plan, namespace, self._world)):
            return self._refuse(key, live, problems)
        if has_finalizer(live) != needs_finalizer(pipeline):
            set_finalizer(live, self._world, wanted=needs_finalizer(pipeline))
        if removed := remove_leftovers(pipeline, plan, namespace, self._world):
            self._recorder.tell(live, "Normal", "Removed", "CleanUp", f"no longer wanted: {', '.join(removed)}")
        before = read_status(live)
        lost = lost_stages(before, plan) if namespace is None and pipeline.spec.deletion_policy == "Delete" else []
        kafka = self._kafka(key, pipeline, plan, lost)
        stages = self._stages(pipeline, plan, kafka)
        status = status_of(pipeline, plan, Parts(kafka, stages), before, self._time())
        if lost and not kafka.topics.ready:
            # Their names must not be forgotten before their topics are gone.
            status = status.model_copy(update={"stages": [*status.stages, *lost]})
        self._report(key, live, before, status)
        found = (kafka.topics, kafka.credentials.finding, stages.finding)
        return Outcome("ready" if all(f.ready for f in found) else "waiting", retry=any(f.retry for f in found))

    def report_failure(self, key: Key, reason: str, message: str) -> None:
        """Say in the status that reconciliations break off again and again, and why."""
        live = self._world.cache.get(IMAGE_PIPELINE, *key)
        if live is not None and "deletionTimestamp" not in live["metadata"]:
            before = read_status(live)
            finding = Finding(ready=False, reason=reason, message=message)
            status = with_ready(finding, live["metadata"]["generation"], before, self._time())
            self._report(key, live, before, status)

    def _kafka(self, key: Key, pipeline: ImagePipeline, plan: Topology, lost: Sequence[StageStatus]) -> KafkaParts:
        if pipeline.spec.kafka.cluster is not None:
            return strimzi_parts(key, pipeline, plan, self._world)
        credentials = user_credentials(pipeline, self._world)
        if not credentials.finding.ready:
            waiting = Finding(ready=False, reason="WaitingForCredentials", message=credentials.finding.message)
            return KafkaParts(waiting, credentials)
        settings = admin_settings(pipeline.spec.kafka, read_user_files(pipeline, self._world))
        surplus = [name for stage in lost for name in (stage.results_topic, stage.dead_letters_topic)]
        return KafkaParts(self._admin.ensure(key, settings, plan.topics, surplus), credentials)

    def _stages(self, pipeline: ImagePipeline, plan: Topology, kafka: KafkaParts) -> Stages:
        if not kafka.topics.ready:
            return waiting_stages(pipeline, plan, "WaitingForTopics", kafka.topics.message, self._world)
        if not kafka.credentials.access:
            return waiting_stages(
                pipeline, plan, "WaitingForCredentials", kafka.credentials.finding.message, self._world
            )
        return run_stages(pipeline, plan, kafka.credentials.access, self._image, self._world)

    def _refuse(self, key: Key, live: Manifest, problems: Sequence[Problem]) -> Outcome:
        """Touch nothing: what runs goes on as it was."""
        before = read_status(live)
        generation = live["metadata"]["generation"]
        self._report(key, live, before, status_of_invalid(problems, generation, before, self._time()))
        return Outcome("invalid")

    def _forget(self, key: Key) -> Outcome:
        self._world.references.forget(key)
        self._admin.forget(key)
        self._on_status(key, None)
        return Outcome("gone")

    def _delete(self, key: Key, live: Manifest) -> Outcome:
        if not has_finalizer(live):
            return Outcome("deleting")
        keep = live["spec"].get("deletionPolicy") != "Delete"
        try:
            finding = self._clear_away(key, live, keep_topics=keep)
        except ApiError as error:
            if error.is_passing:
                raise
            finding = refused("deletion", error)
        # The rights that we had in a namespace end with it, and so do the credentials: it must not hang for that.
        if finding.retry and is_ending(self._world.kube.find(NAMESPACE, None, key.namespace)):
            finding = Finding(ready=True, reason="TopicsLeft", message=f"topics may be left: {finding.message}")
        if not finding.ready:
            if finding.retry:
                before = read_status(live)
                said = with_ready(finding, live["metadata"]["generation"], before, self._time())
                self._report(key, live, before, said)
            return Outcome("deleting", retry=finding.retry)
        self._recorder.tell(live, "Normal", finding.reason, "CleanUp", finding.message)
        set_finalizer(live, self._world, wanted=False)
        return Outcome("deleted")

    def _clear_away(self, key: Key, live: Manifest, *, keep_topics: bool) -> Finding:
        """Remove what the garbage collector does not; ready when all of it is on its way."""
        stop_workers(key, self._world)
        retire_strimzi_objects(key, self._world, keep_topics=keep_topics)
        if not keep_topics and live["spec"].get("kafka", {}).get("bootstrapServers"):
            finding = self._delete_topics(key, live)
            if not finding.ready:
                return finding
        word = "stay in Kafka with their records" if keep_topics else "are deleted"
        return Finding(ready=True, reason="Deleted", message=f"the workers have stopped; the topics {word}")

    def _delete_topics(self, key: Key, live: Manifest) -> Finding:
        """Delete the topics of a Kafka that we have no KafkaTopics for."""
        try:
            pipeline = parse_pipeline({field: value for field, value in live.items() if field != "status"})
            settings = admin_settings(pipeline.spec.kafka, read_user_files(pipeline, self._world))
        except MissingSecret as missing:
            return missing.finding
        except InvalidPipeline as error:
            return Finding(
                ready=True, reason="TopicsLeft", message=f"topics are left, for the spec is invalid: {error}"
            )
        return self._admin.ensure(key, settings, (), [topic.name for topic in topology(pipeline).topics])

    def _report(self, key: Key, live: Manifest, before: Status, after: Status) -> None:
        self._on_status(key, after)
        if after == before:
            return
        metadata = {field: live["metadata"][field] for field in ("name", "namespace", "uid")}
        manifest = {
            "apiVersion": IMAGE_PIPELINE.api_version,
            "kind": IMAGE_PIPELINE.name,
            "metadata": metadata,
            "status": after.model_dump(by_alias=True, mode="json"),
        }
        try:
            self._world.cache.put(IMAGE_PIPELINE, self._world.kube.apply_status(IMAGE_PIPELINE, manifest))
        except ApiError as error:
            if error.is_not_found:
                return  # deleted in between
            raise
        self._recorder.tell_transition(live, before, after)

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
