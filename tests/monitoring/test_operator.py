"""Alerts of the operator, each on a real failure."""

from pathlib import Path

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
