"""Whether a broker does its work: it answers a metadata request and counts itself in."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from darkroom_cli.local_kafka.server_properties import Member
from darkroom_cli.processes.ports import HOST, accepts_connections

_POLL_S = 0.05
_REQUEST_TIMEOUT_S = 2.0


def wait_until_healthy(place: Member, deadline: float, still_running: Callable[[], bool]) -> bool:
    """Wait until the broker has joined its cluster. False if it died or `deadline` (monotonic seconds) came first.

    Asked as the other brokers do: clients may be told of a proxy, which need not be there yet.
    """
    if not _wait(lambda: accepts_connections(place.broker_port), deadline, still_running):
        return False
    # log_level: librdkafka tells stderr about every connection that fails, which is what starting looks like.
    admin = AdminClient(
        {"bootstrap.servers": f"{HOST}:{place.broker_port}", "reconnect.backoff.max.ms": 100, "log_level": 0}
    )
    return _wait(lambda: _counts_itself_in(admin, place.node_id), deadline, still_running)


def _counts_itself_in(admin: AdminClient, node_id: int) -> bool:
    """A broker that is fenced, still catching up, is not in the list that it gives."""
    try:
        return node_id in admin.list_topics(timeout=_REQUEST_TIMEOUT_S).brokers
    except KafkaException:
        return False


def _wait(condition: Callable[[], bool], deadline: float, still_running: Callable[[], bool]) -> bool:
    while still_running() and time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(_POLL_S)
    return False
