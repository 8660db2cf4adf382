"""The state of a pipeline's topics and credentials."""

from dataclasses import dataclass

from darkroom_operator.kafka.credentials import Credentials
from darkroom_operator.status.findings import Finding


@dataclass(frozen=True)
class KafkaState:
    """The findings about a pipeline's topics and credentials.

    Attributes:
        withdrawn: whether the pipeline must not keep workers and credentials that it has from before.
    """

    topics: Finding
    credentials: Credentials
    withdrawn: bool = False
