"""The clients of one Kafka cluster: publisher, live feed, record reader and admin client."""

import threading
from collections.abc import Callable

from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.feed.tail import News, Tail
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.kafka.publisher import Publisher
from darkroom_ingestion.kafka.record_reader import RecordReader
from darkroom_ingestion.links.topics import outputs, smallest_topic_bytes, topics_to_store
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings

_FLUSH_S = 10.0
_JOIN_S = 5.0


class Link:
    """The clients of one Kafka cluster.

    Args:
        tell: called with the events of the live feed.
        is_watched: whether anybody waits for the events of a pipeline.
        predecessor: the link to the same cluster with former credentials, which this link replaces.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        pipelines: list[ServedPipeline],
        settings: Settings,
        metrics: Metrics,
        tell: Callable[[list[tuple[str, News]]], None],
        is_watched: Callable[[str], bool],
        predecessor: "Link | None" = None,
    ) -> None:
        self.connection, self._settings, self._metrics = connection, settings, metrics
        self.bootstrap_servers = connection.bootstrap_servers
        self.admin = LogAdmin(connection)
        self.publisher = self._publisher_for(pipelines)
        self._retiring: list[threading.Thread] = []
        self.reader = RecordReader(connection)
        self.pipelines = pipelines
        topics = outputs(topics_to_store(pipelines))
        former_tail = None if predecessor is None else predecessor.tail
        self.tail: Tail = Tail(connection, self.admin, topics, tell, is_watched, metrics, former_tail)

    @property
    def topics(self) -> frozenset[str]:
        """The topics that the store is filled from."""
        return frozenset(topics_to_store(self.pipelines))

    def serve(self, pipelines: list[ServedPipeline]) -> None:
        """Serve these pipelines from now on."""
        self.pipelines = pipelines
        if smallest_topic_bytes(pipelines) < self.publisher.batch_bytes:
            former, self.publisher = self.publisher, self._publisher_for(pipelines)
            self._retire(former)
        self.tail.read_topics(outputs(topics_to_store(pipelines)))

    def close(self) -> None:
        """Deliver the records in flight and close all clients. Blocks for seconds."""
        self.tail.stop()
        self.publisher.close(_FLUSH_S)
        for thread in self._retiring:
            thread.join(_FLUSH_S)
        self.tail.join(_JOIN_S)
        self.reader.close()

    def _retire(self, publisher: Publisher) -> None:
        """Close a publisher in a thread, after it has delivered its records."""
        patience_s = self._settings.delivery_timeout_s + _FLUSH_S
        thread = threading.Thread(target=publisher.close, args=(patience_s,), name="retiring publisher", daemon=True)
        thread.start()
        self._retiring = [*(other for other in self._retiring if other.is_alive()), thread]

    def _publisher_for(self, pipelines: list[ServedPipeline]) -> Publisher:
        return Publisher(
            self.connection,
            batch_bytes=smallest_topic_bytes(pipelines),
            delivery_timeout_s=self._settings.delivery_timeout_s,
            processes=self._settings.workers,
            metrics=self._metrics,
        )
