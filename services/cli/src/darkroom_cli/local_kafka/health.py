"""The health of a broker: it lists itself as a member of the cluster, and coordinates groups."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from darkroom_cli.local_kafka.server_properties import Member
from darkroom_cli.processes.ports import HOST, accepts_connections

_POLL_S = 0.02
_REQUEST_TIMEOUT_S = 2.0
_COORDINATORS_POLL_S = 0.02
_ANY_GROUP = "darkroom-up"
_NOT_YET = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)


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


def wait_until_coordinating(bootstrap_servers: str, timeout_s: float, still_running: Callable[[], bool]) -> None:
    """Wait until the broker coordinates groups. Returns too if that takes longer than `timeout_s`."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    deadline = time.monotonic() + timeout_s
    while still_running() and time.monotonic() < deadline:
        (answer,) = admin.describe_consumer_groups([_ANY_GROUP], request_timeout=timeout_s).values()
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].code() not in _NOT_YET:
                return
        else:
            return
        time.sleep(_COORDINATORS_POLL_S)


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
