"""Which namespaces may use a Kafka resource."""

from typing import Any

import pytest

from darkroom.kafka.consent import consent


@pytest.mark.parametrize(
    ("annotations", "namespace", "expected"),
    [
        (None, "kafka", "Given"),
        ({"darkroom.dev/allowed-namespaces": ""}, "kafka", "Given"),
        (None, "demo", "NotAsked"),
        ({"another": "*"}, "demo", "NotAsked"),
        ({"darkroom.dev/allowed-namespaces": ""}, "demo", "Refused"),
        ({"darkroom.dev/allowed-namespaces": "demo"}, "demo", "Given"),
        ({"darkroom.dev/allowed-namespaces": "a, demo ,team-*"}, "demo", "Given"),
        ({"darkroom.dev/allowed-namespaces": "a, demo ,team-*"}, "team-one", "Given"),
        ({"darkroom.dev/allowed-namespaces": "a, demo ,team-*"}, "my-team-one", "Refused"),
        ({"darkroom.dev/allowed-namespaces": "demo"}, "demo-2", "Refused"),
        ({"darkroom.dev/allowed-namespaces": "de.o,d?mo,[d]emo"}, "demo", "Refused"),
        ({"darkroom.dev/allowed-namespaces": "*"}, "demo", "Given"),
    ],
)
def test_a_namespace_needs_the_consent_of_the_kafka_resource(
    annotations: dict[str, str] | None, namespace: str, expected: str
) -> None:
    kafka: dict[str, Any] = {"metadata": {"name": "events", "namespace": "kafka", "annotations": annotations}}
    assert consent(kafka, namespace) == expected
