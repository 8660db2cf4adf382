"""The status of a pipeline, from what the steps of a reconciliation found."""

from collections.abc import Sequence
from dataclasses import dataclass

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.status import Condition, ConditionType, StageStatus, Status
from darkroom.api.validation import Problem
from darkroom.topology import Topology
from darkroom_operator.kafka.credentials import Credentials
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.reconcile.stages import SUSPENDED, Stages
from darkroom_operator.status.findings import Finding

MAX_MESSAGE = 4_000

READY = Finding(ready=True, reason="AllReady", message="images are taken and analysed")


@dataclass(frozen=True)
class KafkaParts:
    """What was found of a pipeline's Kafka."""

    topics: Finding
    credentials: Credentials


@dataclass(frozen=True)
class Parts:
    """What was found of each part of a pipeline."""

    kafka: KafkaParts
    stages: Stages


def status_of(pipeline: ImagePipeline, plan: Topology, parts: Parts, before: Status, now: str) -> Status:
    """The status that says what `parts` says. `now` is the time in RFC 3339."""
    stages = parts.stages
    found: list[tuple[ConditionType, Finding]] = [
        ("TopicsReady", parts.kafka.topics),
        ("CredentialsReady", parts.kafka.credentials.finding),
        ("StagesReady", stages.finding),
        ("Ready", _overall(pipeline, parts)),
    ]
    return Status(
        observed_generation=pipeline.metadata.generation,
        conditions=_conditions(found, before, pipeline.metadata.generation, now),
        images_topic=plan.images.name,
        replicas=stages.replicas,
        selector=f"{names.LABEL_PIPELINE}={pipeline.name}",
        stages_ready=f"{stages.ready}/{len(plan.stages)}",
        stages=list(stages.statuses),
    )


def status_of_invalid(problems: Sequence[Problem], generation: int, before: Status, now: str) -> Status:
    """The status of a pipeline that breaks the rules: everything else stays as it was, for nothing is touched."""
    finding = Finding(ready=False, reason="InvalidSpec", message="\n".join(str(problem) for problem in problems))
    return with_ready(finding, generation, before, now)


def with_ready(finding: Finding, generation: int, before: Status, now: str) -> Status:
    """`before` with another word on the whole, and everything else as it was."""
    (ready,) = _conditions([("Ready", finding)], before, generation, now)
    others = [condition for condition in before.conditions if condition.type != "Ready"]
    return before.model_copy(update={"conditions": [*others, ready], "observed_generation": generation})


def read_status(live: Manifest) -> Status:
    """The status that a pipeline has now; an empty one if it has none that can be read."""
    try:
        return Status.model_validate(live.get("status") or {})
    except ValueError:
        return Status()


def lost_stages(before: Status, plan: Topology) -> list[StageStatus]:
    """The stages that a pipeline had, and has no more."""
    kept = {stage.name for stage in plan.stages}
    return [stage for stage in before.stages if stage.name not in kept]


def _overall(pipeline: ImagePipeline, parts: Parts) -> Finding:
    if pipeline.spec.suspend:
        return SUSPENDED
    for finding in (parts.kafka.topics, parts.kafka.credentials.finding, parts.stages.finding):
        if not finding.ready:
            return finding
    return READY


def _conditions(
    found: Sequence[tuple[ConditionType, Finding]], before: Status, generation: int, now: str
) -> list[Condition]:
    previous = {condition.type: condition for condition in before.conditions}
    conditions = []
    for kind, finding in found:
        status = "True" if finding.ready else "False"
        known = previous.get(kind)
        since = known.last_transition_time if known is not None and known.status == status else now
        conditions.append(
            Condition(
                type=kind,
                status="True" if finding.ready else "False",
                reason=finding.reason,
                message=finding.message[:MAX_MESSAGE],
                last_transition_time=since,
                observed_generation=generation,
            )
        )
    return conditions
