"""What is known about the fillers of all Kafka clusters."""

from typing import TYPE_CHECKING

from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.filling.messages import FillerState, Topics

if TYPE_CHECKING:
    from collections.abc import Mapping


class FillerStates:
    """The last state of every filler. Used from the event loop only."""

    def __init__(self) -> None:
        self.states: Mapping[KafkaConnection, FillerState] = {}

    def read(self, topics: Topics) -> None:
        """Nothing to do: the process that fills the store is told by another one."""

    def state(self, connection: KafkaConnection) -> FillerState:
        """The state of a cluster's filler."""
        return self.states.get(connection) or FillerState()

    @property
    def lag(self) -> int:
        """How many records are yet to be read."""
        return sum(state.lag for state in self.states.values())

    @property
    def store_problem(self) -> str | None:
        """Why the store can't be written; None if it can."""
        return next((state.store_problem for state in self.states.values() if state.store_problem), None)
