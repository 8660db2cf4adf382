"""The environment variables of workers."""

from dataclasses import replace

from darkroom.api.validation import parse_pipeline
from darkroom.topology import topology
from darkroom_operator.builders.environment import worker_environment
from darkroom_operator.builders.network_policy import network_policy
from darkroom_operator.builders.workload import WorkerTracing
from tests.unit.operator.builders.cases import FULL, SMALL, manifest_of, pipeline_of


def test_the_template_overrides_keys_of_the_secret_and_no_name_occurs_twice() -> None:
    manifest = manifest_of("full")
    manifest["spec"]["stages"][0]["template"]["env"] = [
        {"name": "B", "value": "1"},
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "B", "value": "2"},
    ]
    stage = topology(parse_pipeline(manifest)).stages[0].spec
    made = worker_environment(stage, replace(FULL, credentials=("A", "TOKEN")))
    assert [variable["name"] for variable in made] == ["HOME", "DARKROOM_CACHE_DIR", "A", "TOKEN", "B"]
    assert made[2:] == [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "bucket", "key": "TOKEN", "optional": True}}},
        {"name": "B", "value": "2"},
    ]


def test_workers_may_reach_the_collector_that_they_send_spans_to() -> None:
    workload = replace(SMALL, tracing=WorkerTracing("http://collector.monitoring:4318", 0.05))
    pipeline, stage = pipeline_of("small")
    made = {variable["name"]: variable.get("value") for variable in worker_environment(stage.spec, workload)}
    assert made["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector.monitoring:4318"
    assert (made["OTEL_TRACES_SAMPLER"], made["OTEL_TRACES_SAMPLER_ARG"]) == ("parentbased_traceidratio", "0.05")
    [*_, others] = network_policy(pipeline, stage, workload)["spec"]["egress"]
    assert others["ports"] == [{"port": 4318, "protocol": "TCP"}]
    assert "OTEL" not in str(worker_environment(stage.spec, SMALL))
