"""Contact of a client with Kafka: a client that has lost all brokers is replaced."""

from darkroom.kafka.connection import ClientSettings, KafkaConnection, client_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.stranded import Client, StrandedCheck


class Contact:
    """The contact of a thread's client, also of the ones that replace it."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._check = StrandedCheck(client_settings(connection, "darkroom-ingestion-check"))

    def reported_by(self, settings: ClientSettings) -> dict[str, object]:
        """`settings` for a client that reports its connection errors here."""
        return {**settings, "error_cb": self._check.on_error}

    def require(self, client: Client) -> None:
        """Check that `client` has not lost all brokers for good. Free while no outage is suspected.

        Raises:
            KafkaUnreachable: a new client reaches Kafka, but this one does not.
        """
        if self._check.is_suspected and self._check.is_stranded(client):
            raise KafkaUnreachable("the client has lost all brokers, although a new client reaches them")
