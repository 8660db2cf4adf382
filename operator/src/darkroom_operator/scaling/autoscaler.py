"""Decides how many workers stages have: one query per Kafka cluster, one decision per stage."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from darkroom.kafka.lag_query import GroupOffsets
from darkroom.scaling.decision import Decision, Reason
from darkroom.scaling.observation import Observation
from darkroom.scaling.rule import decide
from darkroom.scaling.state import State
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.admin.lag import LagReader
from darkroom_operator.kafka.admin.settings import fingerprint
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import DEPLOYMENT, IMAGE_PIPELINE
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.scaling.deletion_cost import mark_newest
from darkroom_operator.scaling.registry import Registry
from darkroom_operator.scaling.replicas import is_autoscaled, set_replicas
from darkroom_operator.scaling.report import StageReport, is_worth_a_write, report_of
from darkroom_operator.scaling.targets import Target
from darkroom_operator.status.events import EventRecorder
from darkroom_operator.status.findings import Finding

CLUSTERS_AT_ONCE = 8

log = structlog.get_logger(__name__)


@dataclass
class _Memory:
    """What is remembered of a stage.

    Attributes:
        replicas: the number of workers that was last set; None if none was since the start.
        unknown_since: since when offsets have been unknown.
        written: the report that the status has.
    """

    state: State = field(default_factory=State)
    replicas: int | None = None
    unknown_since: float | None = None
    written: StageReport | None = None
    written_at: float = 0.0


class Autoscaler:
    """Observes the targets of a registry, and sets the replicas of those that it is to set. Used by one thread."""

    def __init__(
        self,
        world: World,
        registry: Registry,
        recorder: EventRecorder,
        reader: LagReader,
        *,
        reconcile: Callable[[PipelineKey], None],
        count: Callable[[Reason], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the autoscaler.

        Args:
            world: the cluster.
            registry: the targets, from their reconciliations.
            recorder: writes an Event for every change of replicas.
            reader: reads offsets.
            reconcile: called with a pipeline whose status is to be written.
            count: called with the reason of every decision.
            clock: the time in seconds.
        """
        self._world = world
        self._registry = registry
        self._recorder = recorder
        self._reader = reader
        self._reconcile = reconcile
        self._count = count
        self._clock = clock
        self._memory: dict[tuple[PipelineKey, str], _Memory] = {}
        self._pool = ThreadPoolExecutor(CLUSTERS_AT_ONCE, thread_name_prefix="lag")

    def decide_all(self) -> None:
        """Decide for every stage."""
        targets = self._registry.targets()
        known = {(target.pipeline, target.stage) for target in targets}
        self._memory = {key: memory for key, memory in self._memory.items() if key in known}
        self._reader.keep(fingerprint(target.kafka) for target in targets if not isinstance(target.kafka, Finding))
        self._decide(targets)

    def decide_for_new_images(self) -> None:
        """Decide for stages without workers that got images since the last decision."""
        self._decide([target for target in self._registry.targets() if self._waits_for_images(target)], only_new=True)

    def forget(self) -> None:
        """Forget everything, because another replica is the leader."""
        self._memory.clear()
        self._registry.clear()

    def close(self) -> None:
        """Stop after the queries in progress."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _waits_for_images(self, target: Target) -> bool:
        memory = self._memory.get((target.pipeline, target.stage))
        return target.acts and memory is not None and memory.replicas == 0 and memory.state.last is not None

    def _decide(self, targets: Iterable[Target], *, only_new: bool = False) -> None:
        clusters: dict[str, list[Target]] = defaultdict(list)
        for target in targets:
            clusters["" if isinstance(target.kafka, Finding) else fingerprint(target.kafka)].append(target)
        query = self._query_new if only_new else self._query
        for found in self._pool.map(query, clusters.values()):
            for target, offsets in found:
                try:
                    self._decide_one(target, offsets)
                except ApiError as error:
                    log.warning(
                        "replicas could not be set",
                        pipeline=str(target.pipeline),
                        stage=target.stage,
                        error=error.message,
                    )

    def _query(self, targets: list[Target]) -> list[tuple[Target, GroupOffsets]]:
        """The offsets of targets of one Kafka cluster."""
        kafka = targets[0].kafka
        if isinstance(kafka, Finding):
            return [
                (target, GroupOffsets((None,) * target.log.partitions, target.kafka.message))
                for target in targets
                if isinstance(target.kafka, Finding)
            ]
        found = self._reader.read(kafka, {target.group: target.log for target in targets})
        return [(target, found[target.group]) for target in targets]

    def _query_new(self, targets: list[Target]) -> list[tuple[Target, GroupOffsets]]:
        """As `_query`, only for targets whose log has grown: without workers, nothing else changes."""
        kafka = targets[0].kafka
        if isinstance(kafka, Finding):
            return []
        ends = self._reader.ends(kafka, {partition for target in targets for partition in target.log.all})

        def has_grown(target: Target) -> bool:
            last = self._memory[target.pipeline, target.stage].state.last
            before = last.partitions if last is not None else ()
            return any(ends.get(one, old.end) > old.end for one, old in zip(target.log.all, before, strict=False))

        grown = [target for target in targets if has_grown(target)]
        return self._query(grown) if grown else []

    def _decide_one(self, target: Target, offsets: GroupOffsets) -> None:
        live = self._world.cache.get(DEPLOYMENT, target.pipeline.namespace, target.deployment)
        if live is None or "deletionTimestamp" in live["metadata"] or (target.acts and not is_autoscaled(live)):
            return  # the next reconciliation creates it, or hands its replicas over
        now = self._clock()
        memory = self._memory.setdefault((target.pipeline, target.stage), _Memory())
        found = live["spec"].get("replicas", 1)
        before = memory.replicas if target.acts and memory.replicas is not None else found
        decision = decide(target.settings, memory.state, _observation(now, live, offsets, before))
        memory.state = decision.state
        self._count(decision.reason)
        if target.acts:
            if decision.replicas != found:
                self._set(target, live, found, decision, is_drift=before != found)
            memory.replicas = decision.replicas
        self._report(target, memory, decision, offsets.problem, now)

    def _set(self, target: Target, live: Manifest, found: int, decision: Decision, *, is_drift: bool) -> None:
        if decision.replicas < found:
            mark_newest(target.pipeline, target.stage, found - decision.replicas, self._world)
        set_replicas(live, decision.replicas, self._world)
        pipeline = self._world.cache.get(IMAGE_PIPELINE, *target.pipeline)
        if pipeline is None:
            return
        change = f'stage "{target.stage}": {found} -> {decision.replicas} workers'
        if is_drift:
            note = f"{change}: replicas were set by hand, and belong to spec.stages[].autoscaling"
            self._recorder.record(pipeline, "Normal", "ReplicasRestored", "Scale", note)
        else:
            note = f"{change}: {decision.reason.explanation}{_numbers(decision)}"
            self._recorder.record(pipeline, "Normal", decision.reason.value, "Scale", note)

    def _report(self, target: Target, memory: _Memory, decision: Decision, problem: str, now: float) -> None:
        is_unknown = decision.reason is Reason.UNKNOWN_OFFSETS
        memory.unknown_since = (memory.unknown_since or now) if is_unknown else None
        unknown_s = 0.0 if memory.unknown_since is None else now - memory.unknown_since
        report = report_of(target.stage, decision, unknown_s, problem)
        self._registry.note(target, report)
        if is_worth_a_write(memory.written, report, now - memory.written_at):
            memory.written, memory.written_at = report, now
            self._reconcile(target.pipeline)


def _observation(now: float, live: Manifest, offsets: GroupOffsets, replicas: int) -> Observation:
    status: Mapping[str, int] = live.get("status", {})
    return Observation(
        at=now,
        partitions=offsets.partitions,
        replicas=replicas,
        ready=status.get("readyReplicas", 0),
        rolling_out=status.get("updatedReplicas", 0) < status.get("replicas", 0),
    )


def _numbers(decision: Decision) -> str:
    if decision.lag is None:
        return ""
    rate = "" if decision.rate_per_second is None else f", {decision.rate_per_second:.3g} images/s"
    return f" (lag {decision.lag}{rate})"
