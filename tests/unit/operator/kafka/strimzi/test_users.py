"""The finding of a KafkaUser."""

from typing import Any

import pytest

from darkroom_operator.kafka.strimzi.users import user_finding
from tests.unit.operator.kafka.strimzi.resources import READY, answered


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (answered(READY), "AllReady"),
        (answered(READY, observed=1), "WaitingForUserOperator"),
        (answered({"type": "NotReady", "status": "True", "reason": "X", "message": "no Secret"}), "UserRefused"),
    ],
)
def test_the_finding_of_a_kafkauser(live: dict[str, Any], reason: str) -> None:
    assert user_finding(live).reason == reason
