"""The headers of a consumed record."""

from operator import methodcaller
from typing import cast

import structlog
from confluent_kafka import Message

# If the name of a header is not UTF-8, confluent-kafka 2.16 sets an exception and still returns a list. It holds a NULL
# that crashes the process when it is accessed. CPython detects this in the call below, but not in a plain method call.
_headers = methodcaller("headers")

log = structlog.get_logger("darkroom.kafka")


def record_headers(message: Message) -> list[tuple[str, bytes | None]]:
    """The headers of `message`; none if the name of one is not UTF-8. Call it once for each message."""
    try:
        # The types of confluent-kafka's stubs are wider than the values that it returns.
        return cast("list[tuple[str, bytes | None]] | None", _headers(message)) or []
    except (SystemError, UnicodeDecodeError):
        at = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        log.warning("the headers of a record are ignored: the name of one is not UTF-8", **at)
        return []
