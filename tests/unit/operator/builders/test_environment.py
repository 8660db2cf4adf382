"""The environment variables of workers."""

from dataclasses import replace

from darkroom.api.validation import parse_pipeline
from darkroom.topology import topology
from darkroom_operator.builders.environment import worker_environment
from tests.unit.operator.builders.cases import FULL, manifest_of


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
