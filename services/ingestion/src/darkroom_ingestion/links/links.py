"""What the service holds open to each Kafka that its pipelines live in."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from confluent_kafka import KafkaException

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.catalog.served import Pipelines, ServedPipeline
from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.hub import Hub
from darkroom_ingestion.feed.tail import Tail, Told
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.kafka.publisher import Publisher
from darkroom_ingestion.kafka.record_reader import RecordReader
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.filler import Filler
from darkroom_ingestion.store.rows import TopicOf

_FLUSH_S = 10.0
_JOIN_S = 5.0

log = structlog.get_logger("darkroom.ingestion.links")


class Link:
    """One Kafka: its publisher, the consumer that fills the store, the tail of the live feed, readers and questions."""

    def __init__(
        self, connection: KafkaConnection, pipelines: list[ServedPipeline], links: "Links", settings: Settings
    ) -> None:
        metrics, database = links.metrics, links.database
        self._connection, self._settings, self._metrics = connection, settings, metrics
        self.bootstrap_servers = connection.bootstrap_servers
        self.admin = LogAdmin(connection)
        self.publisher = self._publisher_for(pipelines)
        self._former: list[Publisher] = []
        self.reader = RecordReader(connection)
        self.pipelines = pipelines
        group = settings.group or f"darkroom.ingestion.{database.instance}"
        topics = topics_to_store(pipelines)
        self.filler = Filler(database, connection, group, topics, self.admin.topic_ids, metrics)
        self.tail = Tail(connection, self.admin, _outputs(topics), links.tell, metrics)

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that the store is filled from."""
        return frozenset(topics_to_store(self.pipelines))

    def serve(self, pipelines: list[ServedPipeline]) -> None:
        """Serve these pipelines from now on."""
        self.pipelines = pipelines
        if smallest_topic_bytes(pipelines) < self.publisher.batch_bytes:
            self._former.append(self.publisher)  # finishes what it has
            self.publisher = self._publisher_for(pipelines)
        topics = topics_to_store(pipelines)
        self.filler.read_topics(topics)
        self.tail.read_topics(_outputs(topics))

    def close(self) -> None:
        """Finish and let everything go. Blocks for seconds."""
        self.tail.stop()
        for publisher in (*self._former, self.publisher):
            publisher.close(_FLUSH_S)
        self.filler.close(_JOIN_S)
        self.tail.join(_JOIN_S)
        self.reader.close()

    def _publisher_for(self, pipelines: list[ServedPipeline]) -> Publisher:
        return Publisher(
            self._connection,
            batch_bytes=smallest_topic_bytes(pipelines),
            delivery_timeout_s=self._settings.delivery_timeout_s,
            metrics=self._metrics,
        )


class Links:
    """The links of all pipelines of the catalog, and each pipeline's hub. Used from the event loop only."""

    def __init__(self, settings: Settings, database: Database, metrics: Metrics) -> None:
        self._settings = settings
        self.database, self.metrics = database, metrics
        self.pipelines = Pipelines()
        self._links: dict[KafkaConnection, Link] = {}
        self._hubs: dict[str, Hub] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="links")

    def serve(self, pipelines: Pipelines) -> None:
        """Serve these pipelines from now on."""
        self.pipelines = pipelines
        wanted = pipelines.by_connection()
        for connection in [c for c in self._links if c not in wanted]:
            closing = asyncio.ensure_future(self._close(self._links.pop(connection)))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        for connection, served in wanted.items():
            if connection in self._links:
                self._links[connection].serve(served)
                continue
            try:
                self._links[connection] = Link(connection, served, self, self._settings)
            except (DarkroomError, KafkaException) as error:
                log.warning("a Kafka can't be used", bootstrap_servers=connection.bootstrap_servers, reason=str(error))
        self._hubs = {key: self._hubs.get(key) or Hub() for key in pipelines}
        self.metrics.catalog_holds(len(pipelines), [each.cause for each in pipelines.unserved.values()])
        log.info("serving", pipelines=list(pipelines))

    def of(self, served: ServedPipeline) -> Link | None:
        """The link of a pipeline; None while its Kafka can't be used."""
        return self._links.get(served.kafka)

    def hub(self, served: ServedPipeline) -> Hub:
        """The hub of a pipeline."""
        return self._hubs[served.key]

    def all(self) -> list[Link]:
        """Every link."""
        return list(self._links.values())

    def tell(self, told: list[tuple[str, Told]]) -> None:
        """What tails have read, for the hubs."""
        woken = set()
        for key, what in told:
            hub = self._hubs.get(key)
            if hub is None:
                continue
            if isinstance(what, FeedEvent):
                self.metrics.feed_events.labels(what.name).inc()
                hub.add(what)
                woken.add(hub)
            else:
                topic, partition, offset = what
                hub.begin_at((topic.stage or "", "r" if topic.role == "results" else "d"), partition, offset)
        for hub in woken:
            hub.wake()

    async def close(self) -> None:
        """Close every link."""
        links, self._links = list(self._links.values()), {}
        await asyncio.gather(*(self._close(link) for link in links), *self._closing)
        self._threads.shutdown(wait=False)

    async def _close(self, link: Link) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, link.close)


def topics_to_store(pipelines: list[ServedPipeline]) -> dict[str, TopicOf]:
    """Every topic that the store is filled from, and what it holds."""
    topics: dict[str, TopicOf] = {}
    for served in pipelines:
        topics[served.plan.images.name] = TopicOf(served.key, "images")
        for stage in served.plan.stages:
            topics[stage.results.name] = TopicOf(served.key, "results", stage.name)
            topics[stage.dead_letters.name] = TopicOf(served.key, "dead-letters", stage.name)
    return topics


def smallest_topic_bytes(pipelines: list[ServedPipeline]) -> int:
    """The most that every images topic takes at once."""
    return min(int(served.plan.images.config["max.message.bytes"]) for served in pipelines)


def _outputs(topics: Mapping[str, TopicOf]) -> dict[str, TopicOf]:
    return {name: topic for name, topic in topics.items() if topic.role != "images"}
