"""The state of a pipeline's topics and credentials."""

from dataclasses import dataclass

from darkroom_operator.kafka.credentials import Credentials
from darkroom_operator.status.findings import Finding


@dataclass(frozen=True)
class KafkaState:
    """The findings about a pipeline's topics and credentials."""

    topics: Finding
    credentials: Credentials
