"""Publishing images to the topic of their pipeline."""

from dataclasses import dataclass

import structlog

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.images.errors import NotAcknowledged, Refused, TooLargeForTopic, TooManyWaiting
from darkroom_ingestion.kafka.publisher import Ack, NotDelivered, QueueFull, Record, Settled
from darkroom_ingestion.links.links import Links
from darkroom_ingestion.metrics import Metrics

log = structlog.get_logger("darkroom.ingestion.publishing")


@dataclass(frozen=True)
class ImagesTopics:
    """The images topics of all pipelines."""

    links: Links
    metrics: Metrics

    def begin(self, served: ServedPipeline, record: Record, settled: Settled) -> None:
        """Publish a record to a topic of the pipeline. As `publish`, but `settled` is called with the outcome.

        Raises:
            QueueFull, NotDelivered, NotConnected: it can't be published.
        """
        self.links.of(served).publisher.begin(record, settled)

    async def publish(self, served: ServedPipeline, record: Record) -> Ack:
        """Publish a record to a topic of the pipeline, and wait until every in-sync replica has it.

        Raises:
            Refused: Kafka is slow or unavailable, or does not accept a record of this size.
            NotConnected: the pipeline's Kafka can't be used.
        """
        try:
            ack = await self.links.of(served).publisher.publish(record)
        except QueueFull:
            self.metrics.refused.labels(served.key, "queue-full").inc()
            raise TooManyWaiting("Images arrive faster than Kafka accepts them: try again in a moment.") from None
        except NotDelivered as error:
            raise self.refusal(served, record.topic, error) from None
        log.debug("image acknowledged", topic=ack.topic, partition=ack.partition, offset=ack.offset)
        return ack

    def refusal(self, served: ServedPipeline, topic: str, error: NotDelivered) -> Refused:
        """Count and log that Kafka did not acknowledge a record. Returns the error for its sender."""
        if error.too_large:
            self.metrics.refused.labels(served.key, "too-large").inc()
            return TooLargeForTopic(f"The topic {topic} does not accept a record of this size (max.message.bytes).")
        self.metrics.refused.labels(served.key, "kafka").inc()
        log.warning("image not acknowledged", topic=topic, reason=str(error))
        return NotAcknowledged(
            f"Kafka did not acknowledge the image ({error}). It may have been accepted anyway: repeat the request with "
            "the same Idempotency-Key, so that it is accepted once."
        )
