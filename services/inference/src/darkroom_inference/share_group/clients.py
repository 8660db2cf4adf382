"""The consumer of a share group, and the group's configuration."""

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException, ShareConsumer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from darkroom.errors import DarkroomError
from darkroom.kafka.client_logger import client_logger
from darkroom.kafka.connection import client_settings
from darkroom.stage_settings import StageSettings
from darkroom.topology import HEADER_ROOM_BYTES
from darkroom_inference.kafka.clients import ErrorListener, StatisticsListener
from darkroom_inference.share_group.limits import GroupLimits

log = structlog.get_logger(__name__)

_LOCK: Final = "share.record.lock.duration.ms"
_DELIVERIES: Final = "share.delivery.count.limit"
_ANSWER_S: Final = 10.0
_KNOWN_WITHIN_S: Final = 5.0
_ASK_AGAIN_S: Final = 0.1
_SOCKET_TIMEOUT_MS: Final = 10_000
"""Closing the consumer takes as long while no broker responds."""
_FETCH_BYTES: Final = 16 * 1_048_576


class CannotConfigureGroup(DarkroomError):
    """The share group can't be configured, so that images could be left out or lost."""


def share_consumer(
    settings: StageSettings,
    client_id: str,
    most_records: int,
    on_error: ErrorListener,
    on_statistics: StatisticsListener,
) -> ShareConsumer:
    """A member of the stage's share group; it is not subscribed yet. A fetch acquires about `most_records`."""
    fetch_bytes = max(settings.max_image_bytes + HEADER_ROOM_BYTES, _FETCH_BYTES)
    return ShareConsumer(
        {
            **client_settings(settings.kafka, client_id),
            "group.id": settings.share_group,
            "share.acknowledgement.mode": "explicit",
            "max.poll.records": most_records,
            "fetch.max.bytes": fetch_bytes,
            "receive.message.max.bytes": fetch_bytes + 1_048_576,
            "socket.timeout.ms": _SOCKET_TIMEOUT_MS,
            "statistics.interval.ms": 1_000,
            "error_cb": on_error,
            "stats_cb": on_statistics,
        },
        logger=client_logger("librdkafka.consumer"),
    )


def configure_group(settings: StageSettings, wanted: GroupLimits) -> GroupLimits:
    """Configure the stage's share group, and return its limits. A cluster may not allow the limits that are wanted.

    Raises:
        CannotConfigureGroup: Kafka refuses it, or does not respond.
    """
    admin = AdminClient(
        client_settings(settings.kafka, "darkroom-worker-share-group"), logger=client_logger("librdkafka.admin")
    )
    needed = {"share.auto.offset.reset": "earliest", "share.isolation.level": "read_committed"}
    try:
        _set(admin, settings.share_group, needed)
        limits = {_LOCK: str(round(wanted.lock_s * 1_000)), _DELIVERIES: str(wanted.deliveries)}
        allowed = {name: text for name, text in limits.items() if _is_allowed(admin, settings.share_group, name, text)}
        found = _found(admin, settings.share_group, allowed)
    except (KafkaException, TimeoutError) as error:
        cause = error.args[0].str() if isinstance(error, KafkaException) else "no broker responds"
        raise CannotConfigureGroup(
            f"share group {settings.share_group}: {cause}: mode Queue needs Kafka 4.2 or later with share groups, and "
            "a user who may read, describe and configure the group"
        ) from error
    return GroupLimits(int(found[_LOCK]) / 1_000, int(found[_DELIVERIES]))


class ShareConnection:
    """The connection of a share consumer, for `Contact`: the client can't send requests of its own."""

    def __init__(self, brokers: Callable[[], int]) -> None:
        """`brokers` returns how many brokers the consumer is connected to."""
        self._brokers = brokers

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> None:  # noqa: ARG002 - as the clients'
        """Nothing.

        Raises:
            KafkaException: the consumer is not connected.
        """
        if not self._brokers():
            raise KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))  # noqa: SLF001 - it has no other name


def _set(admin: AdminClient, group: str, configs: dict[str, str]) -> None:
    entries = [ConfigEntry(name, text, incremental_operation=AlterConfigOpType.SET) for name, text in configs.items()]
    resource = ConfigResource(ConfigResource.Type.GROUP, group, incremental_configs=entries)
    for done in admin.incremental_alter_configs([resource], request_timeout=_ANSWER_S).values():
        done.result(2 * _ANSWER_S)


def _is_allowed(admin: AdminClient, group: str, name: str, limit: str) -> bool:
    """Whether the cluster allows the limit, which is set if so."""
    try:
        _set(admin, group, {name: limit})
    except KafkaException as refused:
        if refused.args[0].code() != KafkaError.INVALID_CONFIG:
            raise
        log.warning("the cluster does not allow a limit of the share group", error=refused.args[0].str())
        return False
    return True


def _found(admin: AdminClient, group: str, just_set: dict[str, str]) -> dict[str, Any]:
    """The group's configuration, once the broker that is asked has what was set, or after a time.

    The controller confirms a change before every broker has it. Another worker may have set something else since.
    """
    resource = ConfigResource(ConfigResource.Type.GROUP, group)
    deadline = time.monotonic() + _KNOWN_WITHIN_S
    while True:
        (described,) = admin.describe_configs([resource], request_timeout=_ANSWER_S).values()
        found = {name: entry.value for name, entry in described.result(2 * _ANSWER_S).items()}
        if all(found[name] == text for name, text in just_set.items()) or time.monotonic() > deadline:
            return found
        time.sleep(_ASK_AGAIN_S)
