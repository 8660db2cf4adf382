"""The fallback to the classic group protocol."""

from darkroom_inference.group.protocol import Membership
from darkroom_inference.kafka.errors import ClientsBroken


def test_only_a_broker_without_the_consumer_protocol_makes_a_worker_fall_back() -> None:
    fenced, unknown = Membership("consumer"), Membership("consumer")
    fenced.learn(ClientsBroken("Fatal error: Local: This instance has been fenced"))
    # As librdkafka 2.16.0 says it.
    unknown.learn(ClientsBroken("ConsumerGroupHeartbeat fatal error: Broker: API version not supported"))
    assert (fenced.protocol, unknown.protocol) == ("consumer", "classic")
