"""Alerts of the operator, each on a real failure."""

from pathlib import Path

from prometheus_client import generate_latest

from darkroom.api.status import AutoscalingStatus, Condition, Status
from darkroom.kafka.lag_query import GroupLog
from darkroom.scaling.settings import Settings
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.runtime.metrics import Metrics, PipelineTally
from darkroom_operator.runtime.work_queue import WorkQueue
from darkroom_operator.scaling.registry import Registry
from darkroom_operator.scaling.report import StageReport
from darkroom_operator.scaling.targets import Target
from tests.support.monitoring.prometheus import alerts
from tests.support.services.operator import OperatorProcess, Site
from tests.support.until import until


def exposed(operator: OperatorProcess) -> str:
    status, text = operator.get("/metrics")
    assert status == 200
    return text


def test_a_pipeline_without_its_kafka_cluster_is_not_ready(tmp_path: Path, here: Site) -> None:
    here.put_model()
    operator = here.start_operator()
    healthy = exposed(operator)
    here.apply(here.manifest(kafka={"cluster": {"name": "missing", "namespace": here.kafka_namespace}}))
    until(lambda: here.condition("Ready").get("status") == "False", "it is not ready", 40)
    until(lambda: 'condition="Ready"' in exposed(operator), "the metric says so")
    failing = exposed(operator)

    assert alerts(tmp_path, healthy, [failing, failing]) == (set(), {"DarkroomPipelineNotReady"})


def test_a_replica_that_can_not_get_the_lease_does_not_lead(tmp_path: Path, here: Site) -> None:
    leader = here.start_operator("--leader-election", "true", "--lease-seconds", "60", "--identity", "one")
    until(lambda: leader.metric("darkroom_operator_leads") == 1, "it leads")
    healthy = exposed(leader)
    leader.kill()  # it keeps its Lease
    standby = here.start_operator("--leader-election", "true", "--lease-seconds", "60", "--identity", "two")
    failing = exposed(standby)

    assert alerts(tmp_path, healthy, [failing, failing]) == (set(), {"DarkroomOperatorNotLeading"})


def test_a_stage_that_needs_more_workers_than_it_may_have_is_overloaded(tmp_path: Path) -> None:
    healthy = _exposed_decision(AutoscalingStatus(desired=3, reason="AtMaximum", lag=400, drain_seconds=50))
    growing = _exposed_decision(AutoscalingStatus(desired=3, reason="AtMaximum", lag=4_000, drain_seconds=None))
    assert alerts(tmp_path, healthy, [growing, growing]) == (set(), {"DarkroomStageAtMaximum"})


def test_a_stage_without_progress_is_stuck(tmp_path: Path) -> None:
    enough = AutoscalingStatus(desired=1, reason="Enough", lag=0, drain_seconds=0)
    stuck = _exposed_decision(AutoscalingStatus(desired=1, reason="Stuck", lag=9), reason="Stuck")
    found = alerts(tmp_path, _exposed_decision(enough), [stuck, stuck])
    assert found == (set(), {"DarkroomStageStuck"})


def _exposed_decision(decided: AutoscalingStatus, reason: str = "AllReady") -> str:
    """What an operator exposes after one decision, with `reason` as that of the condition StagesReady."""
    key = PipelineKey("demo", "digits")
    scaling, tally, metrics = Registry(), PipelineTally(), Metrics()
    target = Target(key, "classify", "g", GroupLog("t", 1), Settings(0, 3), {}, acts=True)
    scaling.put(key, (target,))
    scaling.note(target, StageReport(decided))
    status = "True" if reason == "AllReady" else "False"
    condition = Condition(type="StagesReady", status=status, reason=reason, last_transition_time="2026-11-26T12:00:00Z")
    tally.note(key, Status(conditions=[condition]))
    metrics.watch(WorkQueue(), tally, scaling, lambda: True)
    return generate_latest(metrics.registry).decode()
