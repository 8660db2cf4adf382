"""The status of a pipeline, from the findings of a reconciliation."""

from collections.abc import Sequence
from dataclasses import dataclass

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.status import Condition, ConditionType, StageStatus, Status
from darkroom.api.validation import Problem
from darkroom.topology import Topology
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.status.findings import Finding

MAX_MESSAGE = 4_000

READY = Finding(ready=True, reason="AllReady", message="images are accepted and analysed")
SUSPENDED = Finding(
    ready=False, reason="Suspended", message="spec.suspend is true: no workers run, and images stay in their topic"
)


@dataclass(frozen=True)
class StagesState:
    """The state of a pipeline's stages: the finding for all of them, and the status of each.

    Attributes:
        replicas: worker pods of all stages together.
        ready: stages whose workers are all ready.
    """

    finding: Finding
    statuses: tuple[StageStatus, ...]
    replicas: int
    ready: int


@dataclass(frozen=True)
class PipelineState:
    """The findings of a reconciliation, one part per condition."""

    topics: Finding
    credentials: Finding
    stages: StagesState

    @property
    def findings(self) -> tuple[Finding, Finding, Finding]:
        """The finding of each part, in order of their dependencies."""
        return self.topics, self.credentials, self.stages.finding


def status_of(pipeline: ImagePipeline, plan: Topology, state: PipelineState, before: Status, now: str) -> Status:
    """The status that reports `state`. `now` is the time in RFC 3339."""
    found: list[tuple[ConditionType, Finding]] = [
        ("TopicsReady", state.topics),
        ("CredentialsReady", state.credentials),
        ("StagesReady", state.stages.finding),
        ("Ready", _overall(pipeline, state)),
    ]
    return Status(
        observed_generation=pipeline.metadata.generation,
        conditions=_conditions(found, before, pipeline.metadata.generation, now),
        images_topic=plan.images.name,
        replicas=state.stages.replicas,
        selector=f"{names.LABEL_PIPELINE}={pipeline.name}",
        stages_ready=f"{state.stages.ready}/{len(plan.stages)}",
        stages=list(state.stages.statuses),
    )


def status_of_invalid(reason: str, problems: Sequence[Problem], generation: int, before: Status, now: str) -> Status:
    """The status of a pipeline that breaks the rules: `before` with another condition Ready."""
    finding = Finding(ready=False, reason=reason, message="\n".join(str(problem) for problem in problems))
    return with_ready(finding, generation, before, now)


def with_ready(finding: Finding, generation: int, before: Status, now: str) -> Status:
    """`before` with `finding` as its condition Ready, and everything else unchanged."""
    (ready,) = _conditions([("Ready", finding)], before, generation, now)
    others = [condition for condition in before.conditions if condition.type != "Ready"]
    return before.model_copy(update={"conditions": [*others, ready], "observed_generation": generation})


def read_status(live: Manifest) -> Status:
    """The current status of a pipeline; an empty one if there is none or it cannot be parsed."""
    try:
        return Status.model_validate(live.get("status") or {})
    except ValueError:
        return Status()


def removed_stages(before: Status, plan: Topology) -> list[StageStatus]:
    """The stages in the status that the pipeline no longer has."""
    kept = {stage.name for stage in plan.stages}
    return [stage for stage in before.stages if stage.name not in kept]


def _overall(pipeline: ImagePipeline, state: PipelineState) -> Finding:
    if pipeline.spec.suspend:
        return SUSPENDED
    return next((finding for finding in state.findings if not finding.ready), READY)


def _conditions(
    found: Sequence[tuple[ConditionType, Finding]], before: Status, generation: int, now: str
) -> list[Condition]:
    previous = {condition.type: condition for condition in before.conditions}
    conditions = []
    for kind, finding in found:
        known = previous.get(kind)
        is_same = known is not None and (known.status == "True") == finding.ready
        conditions.append(
            Condition(
                type=kind,
                status="True" if finding.ready else "False",
                reason=finding.reason,
                message=finding.message[:MAX_MESSAGE],
                last_transition_time=known.last_transition_time if known is not None and is_same else now,
                observed_generation=generation,
            )
        )
    return conditions
