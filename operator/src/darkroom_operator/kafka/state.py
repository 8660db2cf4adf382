"""How far a pipeline's topics and credentials are."""

from dataclasses import dataclass

from darkroom_operator.kafka.credentials import Credentials
from darkroom_operator.status.findings import Finding


@dataclass(frozen=True)
class KafkaState:
    """What was found in a pipeline's Kafka."""

    topics: Finding
    credentials: Credentials
