"""Errors of a client's connections to Kafka."""

from confluent_kafka import KafkaError


class ConnectionErrors:
    """What a client reports to its `error_cb`.

    Attributes:
        reason: why the last connection failed; None until one has failed.
        all_brokers_down: whether the client has been without any connection.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.all_brokers_down = False

    def on_error(self, error: KafkaError) -> None:
        """Receive an error from librdkafka."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - its public name
            self.all_brokers_down = True
        else:
            self.reason = error.str().partition(" (after ")[0]  # without how long, and how often before
