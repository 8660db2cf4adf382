"""What a loop reads from librdkafka's statistics."""

import json
from typing import Any

from darkroom_inference.kafka.statistics import ConsumerStatistics


def broker(name: str, nodeid: int, state: str = "UP", req_timeouts: int = 0) -> dict[str, Any]:
    return {"name": name, "nodeid": nodeid, "state": state, "req_timeouts": req_timeouts}


def read(*brokers: dict[str, Any], state: str = "up") -> ConsumerStatistics:
    statistics = {"brokers": {str(broker["name"]): broker for broker in brokers}, "cgrp": {"state": state}}
    return ConsumerStatistics.read(json.dumps(statistics))


def test_a_broker_is_counted_once_and_a_bootstrap_address_is_none() -> None:
    found = read(broker("k:9092/1", 1), broker("GroupCoordinator", 1), broker("k:9092/bootstrap", -1))
    assert found.brokers == 1
    assert read(broker("k:9092/1", 1), broker("k:9093/2", 2), broker("k:9094/3", 3, "DOWN")).brokers == 2


def test_only_answers_of_the_coordinator_count_as_lost() -> None:
    assert read(broker("k:9092/1", 1, req_timeouts=5), broker("GroupCoordinator", 1, req_timeouts=2)).lost_answers == 2


def test_a_consumer_is_in_touch_when_its_group_is_up() -> None:
    assert read().has_coordinator
    assert not read(state="wait-coord").has_coordinator


def test_a_client_that_has_just_started_has_no_brokers() -> None:
    assert ConsumerStatistics.read("{}") == ConsumerStatistics(0, 0, has_coordinator=False, partitions=0)
