"""Publishing images to the topic of their pipeline."""

from dataclasses import dataclass

import structlog

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.images.errors import NotAcknowledged, TooLargeForTopic, TooManyWaiting
from darkroom_ingestion.kafka.publisher import Ack, NotDelivered, QueueFull, Record
from darkroom_ingestion.links.links import Links
from darkroom_ingestion.metrics import Metrics

log = structlog.get_logger("darkroom.ingestion.publishing")


@dataclass(frozen=True)
class ImagesTopics:
    """The images topics of all pipelines."""

    links: Links
    metrics: Metrics

    async def publish(self, served: ServedPipeline, record: Record) -> Ack:
        """Publish a record to a topic of the pipeline, and wait until every in-sync replica has it.

        Raises:
            Refused: Kafka is slow or unavailable, or does not accept a record of this size.
            NotConnected: the pipeline's Kafka can't be used.
        """
        refused = self.metrics.refused.labels
        try:
            ack = await self.links.of(served).publisher.publish(record)
        except QueueFull:
            refused(served.key, "queue-full").inc()
            raise TooManyWaiting("Images arrive faster than Kafka accepts them: try again in a moment.") from None
        except NotDelivered as error:
            if error.too_large:
                refused(served.key, "too-large").inc()
                raise TooLargeForTopic(
                    f"The topic {record.topic} does not accept a record of this size (max.message.bytes)."
                ) from None
            refused(served.key, "kafka").inc()
            log.warning("image not acknowledged", topic=record.topic, reason=str(error))
            raise NotAcknowledged(
                f"Kafka did not acknowledge the image ({error}). It may have been accepted anyway: repeat the "
                "request with the same Idempotency-Key, so that it is accepted once."
            ) from None
        log.debug("image acknowledged", topic=ack.topic, partition=ack.partition, offset=ack.offset)
        return ack
