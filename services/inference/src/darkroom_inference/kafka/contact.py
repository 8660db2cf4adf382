"""Contact of a loop's client with Kafka: a client that has lost it for good is replaced."""

from darkroom.kafka.connection import client_settings
from darkroom.kafka.stranded import Client, StrandedCheck
from darkroom.stage_settings import StageSettings
from darkroom_inference.kafka.errors import ClientsBroken


class Contact:
    """The contact of one client. Ask whenever Kafka is slow to answer."""

    def __init__(self, client: Client, settings: StageSettings) -> None:
        self._client = client
        self._check = StrandedCheck(client_settings(settings.kafka, "darkroom-worker-check"))

    def require(self) -> None:
        """Return if the client may still get its answer.

        Raises:
            ClientsBroken: Kafka answers a new client, but not this one.
        """
        if self._check.is_stranded(self._client):
            raise ClientsBroken("the client has lost all brokers, although Kafka answers a new one")
