"""Publishing with one loop's producer, and the outcome of each record."""

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from darkroom_inference.kafka.contact import Contact
from darkroom_inference.kafka.errors import ClientsBroken, Interrupted, meaning
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import Pause, wait_in_slices
from darkroom_inference.records.outgoing import Outgoing

log = structlog.get_logger(__name__)

_NOW = 0
_SERVE_S = 0.5


class Publisher:
    """Publishes records, and waits for their acknowledgements without a limit."""

    def __init__(self, producer: Producer, contact: Contact, pause: Pause, metrics: Metrics) -> None:
        self._producer = producer
        self._contact = contact
        self._pause = pause
        self._metrics = metrics
        self._refused: list[Outgoing] = []
        self._failed: KafkaError | None = None

    def publish(self, outgoing: Outgoing) -> None:
        """Pass a record to the producer. `wait()` reports the outcome."""

        def acknowledged(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                self._judge(outgoing, error)

        while True:
            try:
                self._producer.produce(
                    outgoing.topic,
                    value=outgoing.value,
                    key=outgoing.key,
                    headers=list(outgoing.headers),
                    on_delivery=acknowledged,
                    timestamp=outgoing.timestamp_ms or _NOW,
                )
            except BufferError:
                self._serve()
                continue
            except KafkaException as raised:
                self._judge(outgoing, raised.args[0])
            return

    def in_flight(self) -> int:
        """The number of records that are not acknowledged yet."""
        self._producer.poll(0)
        return len(self._producer)

    def wait(self) -> list[Outgoing]:
        """Wait until every record is acknowledged or refused.

        Returns:
            The records that exceed the maximum record size of their topic.

        Raises:
            Interrupted: a record could not be published.
            ClientsBroken: the producer can't be used any more.
            DrainTimedOut: the worker has to stop.
        """
        wait_in_slices(lambda seconds: not self._producer.flush(seconds), self._pause, self._slow)
        refused, self._refused = self._refused, []
        failed, self._failed = self._failed, None
        if failed is not None:
            raise (ClientsBroken if meaning(failed) == "Fatal" else Interrupted)(failed.str())
        return refused

    def forget(self) -> None:
        """Discard the records that are not sent, and the outcomes of the others."""
        self._producer.purge(in_flight=False)
        self._producer.poll(0)
        self._refused.clear()
        self._failed = None

    def _serve(self) -> None:
        self._producer.poll(_SERVE_S)
        self._pause(0)

    def _slow(self) -> None:
        self._metrics.retry("publish")
        log.warning("waiting for kafka", to="publish", records=len(self._producer))
        self._contact.require()

    def _judge(self, outgoing: Outgoing, error: KafkaError) -> None:
        self._metrics.kafka_error(error)
        if meaning(error) == "TooLarge" and outgoing.fallback is not None:
            self._refused.append(outgoing)
        elif self._failed is None:
            self._failed = error
