"""Which protocol the loops of a process use to share the work with others: KIP-848 where the broker knows it."""

import structlog

from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.lifecycle.options import GroupProtocol

log = structlog.get_logger(__name__)

_NOT_KNOWN_TO_THE_BROKER = "ConsumerGroupHeartbeat"


class Membership:
    """Begins with the protocol that was asked for, and falls back to `classic` for good when the broker refuses it."""

    def __init__(self, protocol: GroupProtocol) -> None:
        self.protocol: GroupProtocol = protocol

    def learn(self, broken: ClientsBroken) -> None:
        """Fall back if that is what `broken` is about: librdkafka names the request that the broker does not take."""
        if self.protocol == "consumer" and _NOT_KNOWN_TO_THE_BROKER in broken.cause and "support" in broken.cause:
            log.warning("the broker lacks the consumer group protocol: using the classic one", error=broken.cause)
            self.protocol = "classic"
