"""Which partitions a filler has read to their end when they are assigned to it."""

from collections.abc import Mapping
from typing import Final

import structlog

from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.kafka.log_admin import LogAdmin

_WITHIN_S: Final = 1.0

log = structlog.get_logger("darkroom.ingestion.filler")


def already_read(admin: LogAdmin, positions: Mapping[TopicPartition, int]) -> set[TopicPartition]:
    """The partitions without records after `positions`; none if Kafka does not say where they end.

    The first fetch says so too, but only after `fetch.wait.max.ms`, and a service that starts waits for it.
    """
    try:
        ends = admin.ends(positions, _WITHIN_S)
    except KafkaUnreachable as error:
        log.debug("the ends of the log are not known yet", reason=str(error))
        return set()
    return {at for at, end in ends.items() if positions[at] >= end}
