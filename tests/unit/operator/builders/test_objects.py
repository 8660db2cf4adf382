"""The objects of pipelines: built/<case>.pipeline.yaml and built/<case>.objects.yaml."""

from typing import Any

import pytest
import yaml

from darkroom.topology import topology
from darkroom_operator.builders.deployment import deployment
from darkroom_operator.builders.disruption_budget import disruption_budget
from darkroom_operator.builders.kafka_secret import kafka_secret
from darkroom_operator.builders.kafka_topic import kafka_topic
from darkroom_operator.builders.kafka_user import kafka_user
from darkroom_operator.builders.network_policy import network_policy
from darkroom_operator.builders.pod_monitor import pod_monitor
from darkroom_operator.builders.service_account import service_account
from darkroom_operator.builders.settings import settings_map
from tests.unit.operator.builders.cases import BUILT, CASES, pipeline_of


def built(case: str) -> list[dict[str, Any]]:
    """Every object of the first stage, and the topics."""
    pipeline, stage = pipeline_of(case)
    workload = CASES[case]
    objects = [kafka_topic(pipeline, topic, "events", "kafka") for topic in topology(pipeline).topics]
    objects.append(kafka_user(pipeline, stage, "events", "kafka", "scram-sha-512", acls=True))
    objects.append(kafka_secret(pipeline, stage, {"password": b"secret"}))
    objects.append(settings_map(pipeline, stage, workload))
    objects += [build(pipeline, stage) for build in (service_account, disruption_budget, pod_monitor)]
    return [*objects, network_policy(pipeline, stage, workload), deployment(pipeline, stage, workload)]


@pytest.mark.parametrize("case", CASES)
def test_the_objects_of_a_pipeline(case: str) -> None:
    expected = list(yaml.load_all((BUILT / f"{case}.objects.yaml").read_text(), yaml.CSafeLoader))
    made = built(case)
    assert [(o["kind"], o["metadata"]["name"]) for o in made] == [(o["kind"], o["metadata"]["name"]) for o in expected]
    for one, other in zip(made, expected, strict=True):
        assert one == other
