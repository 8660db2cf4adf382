"""What the reconciler and the autoscaler know of each other."""

from darkroom.api.status import AutoscalingStatus
from darkroom.kafka.lag_query import GroupLog
from darkroom.scaling.settings import Settings
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.scaling.registry import Registry
from darkroom_operator.scaling.report import StageReport
from darkroom_operator.scaling.targets import Target

KEY = PipelineKey("demo", "digits")
REPORT = StageReport(AutoscalingStatus(desired=2, reason="Enough"))


def _target(stage: str) -> Target:
    return Target(KEY, stage, f"demo.digits.{stage}", GroupLog("demo.digits.images", 2), Settings(0, 2), {}, acts=True)


def test_reports_of_removed_stages_are_dropped_and_others_kept() -> None:
    registry, kept, removed = Registry(), _target("classify"), _target("embed")
    registry.put(KEY, (kept, removed))
    registry.note(kept, REPORT)
    registry.note(removed, REPORT)
    registry.put(KEY, (kept,))
    assert registry.targets() == [kept]
    assert registry.reports(KEY) == {"classify": REPORT}


def test_a_decision_for_a_pipeline_that_is_gone_is_no_report() -> None:
    registry, target = Registry(), _target("classify")
    registry.put(KEY, (target,))
    registry.forget(KEY)
    registry.note(target, REPORT)
    assert registry.all_reports() == []


def test_a_replica_that_no_longer_leads_reports_nothing() -> None:
    registry, target = Registry(), _target("classify")
    registry.put(KEY, (target,))
    registry.note(target, REPORT)
    registry.clear()
    assert (registry.targets(), registry.all_reports()) == ([], [])
