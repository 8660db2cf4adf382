"""The statistics that librdkafka gives a consumer every few seconds, even if it has no partitions."""

import json
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class ConsumerStatistics:
    """What a loop needs of them.

    Attributes:
        brokers: how many brokers the consumer is connected to.
        lost_answers: requests to the group's coordinator that have timed out so far.
        has_coordinator: whether the consumer is in touch with its group's coordinator.
        partitions: how many partitions are assigned to the consumer.
    """

    brokers: int
    lost_answers: int
    has_coordinator: bool
    partitions: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Source: STATISTICS.md of librdkafka. Bootstrap addresses are brokers with a negative `nodeid`."""
        statistics = json.loads(text)
        brokers = statistics.get("brokers", {}).values()
        connected = {broker["nodeid"] for broker in brokers if broker["state"] == "UP" and broker["nodeid"] >= 0}
        lost_answers = sum(broker["req_timeouts"] for broker in brokers if broker["name"] == "GroupCoordinator")
        group = statistics.get("cgrp", {})
        return cls(len(connected), lost_answers, group.get("state") == "up", group.get("assignment_size", 0))
