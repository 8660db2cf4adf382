"""What the User Operator reports, as a finding."""

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
def test_what_the_user_operator_says(live: dict[str, Any], reason: str) -> None:
    assert user_finding(live).reason == reason
