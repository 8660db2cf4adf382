"""The finding of a KafkaTopic."""

from typing import Any

import pytest

from darkroom_operator.kafka.strimzi.topics import topic_finding
from tests.unit.operator.kafka.strimzi.resources import READY, answered


def not_ready(reason: str, message: str = "") -> dict[str, str]:
    return {"type": "Ready", "status": "False", "reason": reason, "message": message}


# The conditions were observed with the real Topic Operator.
@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (answered(READY), "AllReady"),
        (answered(READY, observed=1), "WaitingForTopicOperator"),
        ({"metadata": {"name": "t", "namespace": "kafka", "generation": 1}}, "WaitingForTopicOperator"),
        (answered({"type": "Unmanaged", "status": "True"}), "WaitingForTopicOperator"),
        (answered({"type": "ReconciliationPaused", "status": "True"}), "TopicPaused"),
        (answered(not_ready("NotSupported", "Decreasing partitions not supported")), "TopicRefused"),
        (answered(not_ready("ResourceConflict", "Managed by Ref{...}")), "TopicConflict"),
        (
            answered(not_ready("KafkaError", "org.apache.kafka.common.errors.TimeoutException: Timed out")),
            "KafkaUnreachable",
        ),
        (answered(not_ready("KafkaError", "...InvalidConfigurationException: Unknown topic config")), "TopicRefused"),
    ],
)
def test_the_finding_of_a_kafkatopic(live: dict[str, Any], reason: str) -> None:
    assert topic_finding(live).reason == reason
