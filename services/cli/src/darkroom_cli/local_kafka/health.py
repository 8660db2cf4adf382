"""The health of a broker: it responds to metadata requests and lists itself as a member of the cluster."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from darkroom_cli.local_kafka.server_properties import Member
from darkroom_cli.processes.ports import HOST, accepts_connections

_POLL_S = 0.05
_REQUEST_TIMEOUT_S = 2.0


def wait_until_healthy(member: Member, deadline: float, still_running: Callable[[], bool]) -> bool:
    """Wait until the broker has joined its cluster. False if it exited or `deadline` (monotonic seconds) has passed.

    Queries the listener for brokers, because clients may be directed to a proxy that does not run yet.
    """
    if not _wait(lambda: accepts_connections(member.broker_port), deadline, still_running):
        return False
    # log_level: librdkafka logs every failed connection to stderr, and during startup all fail.
    admin = AdminClient(
        {"bootstrap.servers": f"{HOST}:{member.broker_port}", "reconnect.backoff.max.ms": 100, "log_level": 0}
    )
    return _wait(lambda: _lists_itself(admin, member.node_id), deadline, still_running)


def _lists_itself(admin: AdminClient, node_id: int) -> bool:
    """Whether the broker lists itself. A fenced broker, which is still catching up, does not."""
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
