"""What a status says about the autoscaling of a stage, and when it is worth a write."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.api.status import AutoscalingStatus, Status
from darkroom.scaling.decision import Decision, Reason
from darkroom_operator.status.findings import Finding

REFRESH_S = 60.0
"""Numbers alone are written at most this often: the status of a busy stage would change with every decision."""

UNKNOWN_S = 60.0
"""Offsets that are unknown for a shorter time are no problem of the stage."""


@dataclass(frozen=True)
class StageReport:
    """The last decision for a stage.

    Attributes:
        problem: why the stage is not ready; None if it is.
        worker_rate: images per second of a worker, for KEDA; None if unknown.
    """

    status: AutoscalingStatus
    problem: Finding | None = None
    worker_rate: float | None = None


def report_of(stage: str, decision: Decision, unknown_s: float, why_unknown: str) -> StageReport:
    """The report of `decision`.

    Args:
        stage: the stage's name.
        decision: the decision.
        unknown_s: seconds for which the offsets have been unknown.
        why_unknown: why they are.
    """
    status = AutoscalingStatus(
        desired=decision.desired,
        reason=decision.reason.value,
        lag=None if decision.lag is None else int(rounded(decision.lag)),
        drain_seconds=None if decision.drain_s is None else math.ceil(rounded(decision.drain_s)),
        rate_per_second=None if decision.rate_per_second is None else rounded(decision.rate_per_second),
    )
    problem = None
    if decision.reason is Reason.STUCK:
        message = f'stage "{stage}": {decision.lag} images wait, and no worker makes progress: look at its logs'
        problem = Finding(ready=False, reason="Stuck", message=message)
    elif decision.reason is Reason.UNKNOWN_OFFSETS and unknown_s >= UNKNOWN_S:
        message = f'stage "{stage}": the number of workers is kept: {why_unknown}'
        problem = Finding(ready=False, reason="UnknownOffsets", message=message)
    return StageReport(status, problem, decision.state.worker_rate)


def is_worth_a_write(before: StageReport | None, after: StageReport, age_s: float) -> bool:
    """Whether the status is to be written, `age_s` seconds after it was written with `before`."""
    if before is None or (before.status.desired, before.status.reason) != (after.status.desired, after.status.reason):
        return True
    if (before.problem is None) != (after.problem is None):
        return True
    return age_s >= REFRESH_S and before.status != after.status


def with_autoscaling(status: Status, before: Status, reports: Mapping[str, StageReport], stages: set[str]) -> Status:
    """`status` with the last decision for every stage in `stages`; as in `before` if there is none since the start."""
    if not stages:
        return status
    known = {stage.name: stage.autoscaling for stage in before.stages}
    updated = [
        stage.model_copy(
            update={"autoscaling": reports[stage.name].status if stage.name in reports else known.get(stage.name)}
        )
        if stage.name in stages
        else stage
        for stage in status.stages
    ]
    ready, desired = sum(stage.ready_replicas for stage in updated), sum(stage.replicas for stage in updated)
    return status.model_copy(update={"stages": updated, "workers": f"{ready}/{desired}"})


def rounded(value: float) -> float:
    """`value` with two significant digits from 100 on, one decimal below 10, and none in between."""
    if value < 10:  # noqa: PLR2004
        return round(value, 1)
    return float(round(value, -max(0, math.floor(math.log10(value)) - 1)))
