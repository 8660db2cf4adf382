"""The state of a pipeline's topics and credentials."""

from dataclasses import dataclass

from darkroom.kafka.connection import ClientSettings
from darkroom_operator.kafka.credentials import Credentials
from darkroom_operator.status.findings import Finding


@dataclass(frozen=True)
class KafkaState:
    """The findings about a pipeline's topics and credentials.

    Attributes:
        observer: settings with which the operator reads offsets; a finding if it may not; None while there are none.
        withdrawn: whether the pipeline must not keep workers and credentials that it has from before.
    """

    topics: Finding
    credentials: Credentials
    observer: ClientSettings | Finding | None = None
    withdrawn: bool = False
