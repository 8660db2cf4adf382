"""Detects a client of a loop that has lost its connection to Kafka permanently."""

from darkroom.kafka.connection import client_settings
from darkroom.kafka.stranded import Client, StrandedCheck
from darkroom.stage_settings import StageSettings
from darkroom_inference.kafka.errors import ClientsBroken


class Contact:
    """The connection check of one client. Call `require` whenever Kafka is slow."""

    def __init__(self, client: Client, settings: StageSettings) -> None:
        self._client = client
        self._check = StrandedCheck(client_settings(settings.kafka, "darkroom-worker-check"))

    def require(self) -> None:
        """Check that the client is not stranded.

        Raises:
            ClientsBroken: a new client reaches Kafka, but this one does not.
        """
        if self._check.is_stranded(self._client):
            raise ClientsBroken("the client has lost all brokers, although a new client reaches them")
