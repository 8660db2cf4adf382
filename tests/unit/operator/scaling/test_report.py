"""What the status says about autoscaling, and when it is written."""

import pytest

from darkroom.api.status import AutoscalingStatus, StageStatus, Status
from darkroom.scaling.decision import Decision, Reason
from darkroom.scaling.state import State
from darkroom_operator.scaling.report import StageReport, is_worth_a_write, report_of, rounded, with_autoscaling


def _report(desired: int = 2, reason: str = "Enough", lag: int | None = 0) -> StageReport:
    return StageReport(AutoscalingStatus(desired=desired, reason=reason, lag=lag))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, 0.0), (0.04, 0.0), (3.14159, 3.1), (12.4, 12.0), (99.4, 99.0), (123.0, 120.0), (98_765.0, 99_000.0)],
)
def test_numbers_are_rounded_so_that_a_status_seldom_changes(value: float, expected: float) -> None:
    assert rounded(value) == expected


def test_unknown_offsets_are_a_problem_only_if_they_last() -> None:
    decision = Decision(2, 2, Reason.UNKNOWN_OFFSETS, State())
    assert report_of("classify", decision, 15.0, "Kafka is away").problem is None
    problem = report_of("classify", decision, 60.0, "Kafka is away").problem
    assert problem is not None
    assert (problem.reason, problem.message) == (
        "UnknownOffsets",
        'stage "classify": the number of workers is kept: Kafka is away',
    )


def test_a_stuck_stage_is_not_ready() -> None:
    problem = report_of("classify", Decision(2, 2, Reason.STUCK, State(), lag=7), 0.0, "").problem
    assert problem is not None
    assert (problem.ready, problem.reason) == (False, "Stuck")
    assert "7 images wait" in problem.message


@pytest.mark.parametrize(
    ("after", "age_s", "expected"),
    [
        (_report(), 1_000.0, False),
        (_report(lag=500), 59.0, False),
        (_report(lag=500), 60.0, True),
        (_report(desired=3), 1.0, True),
        (_report(reason="AtMaximum"), 1.0, True),
    ],
)
def test_a_status_is_written_when_the_decision_changes_and_for_numbers_once_a_minute(
    after: StageReport, age_s: float, expected: bool
) -> None:
    assert is_worth_a_write(_report(), after, age_s) is expected
    assert is_worth_a_write(None, after, 0.0)


def _status(**stage: object) -> Status:
    fields = {"name": "classify", "results_topic": "r", "dead_letters_topic": "d", "consumer_group": "g", **stage}
    return Status(stages=[StageStatus.model_validate(fields)])


def test_a_restarted_operator_keeps_what_the_status_says_until_it_decides() -> None:
    before = _status(autoscaling=_report(lag=5).status)
    after = with_autoscaling(_status(replicas=3, ready_replicas=1), before, {}, {"classify"})
    assert after.stages[0].autoscaling == _report(lag=5).status
    assert after.workers == "1/3"
    decided = with_autoscaling(_status(), before, {"classify": _report(desired=4)}, {"classify"})
    assert decided.stages[0].autoscaling == _report(desired=4).status


def test_a_pipeline_without_autoscaling_has_no_new_fields() -> None:
    status = _status()
    assert with_autoscaling(status, _status(autoscaling=_report().status), {}, set()) is status
