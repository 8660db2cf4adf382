"""The headers of a consumed record."""

from operator import methodcaller
from typing import cast

import structlog
from confluent_kafka import Message

# With the name of a header that is not UTF-8, confluent-kafka 2.16 sets an error and answers headers all the same, one
# of which ends the process when it is looked at. CPython notices that in this call, and not in a plain one.
_headers = methodcaller("headers")

log = structlog.get_logger("darkroom.kafka")


def record_headers(message: Message) -> list[tuple[str, bytes | None]]:
    """The headers of `message`; none if the name of one is not UTF-8. To be called once for a message."""
    try:
        # confluent-kafka's stubs know other types than those that it returns.
        return cast("list[tuple[str, bytes | None]] | None", _headers(message)) or []
    except (SystemError, UnicodeDecodeError):
        at = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        log.warning("the headers of a record are ignored: the name of one is not UTF-8", **at)
        return []
