"""The group protocol of a process's loops: KIP-848 where the broker supports it, else classic."""

import structlog

from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.lifecycle.options import GroupProtocol

log = structlog.get_logger(__name__)

_NOT_KNOWN_TO_THE_BROKER = "ConsumerGroupHeartbeat"


class Membership:
    """Starts with the configured protocol, and switches to `classic` permanently if the broker does not support it."""

    def __init__(self, protocol: GroupProtocol) -> None:
        self.protocol: GroupProtocol = protocol

    def learn(self, broken: ClientsBroken) -> None:
        """Switch to `classic` if `broken` says so: librdkafka names the request that the broker does not support."""
        if self.protocol == "consumer" and _NOT_KNOWN_TO_THE_BROKER in broken.cause and "support" in broken.cause:
            log.warning("the broker does not support KIP-848: using the classic group protocol", error=broken.cause)
            self.protocol = "classic"
