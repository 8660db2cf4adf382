"""The links of all pipelines of the catalog, and each pipeline's hub."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from darkroom.errors import DarkroomError
from darkroom_ingestion.catalog.served import Pipelines, ServedPipeline
from darkroom_ingestion.feed.events import FeedEvent, UnreadRecord, feed_topic
from darkroom_ingestion.feed.hub import Hub
from darkroom_ingestion.feed.tail import News
from darkroom_ingestion.filling.states import FillerStates
from darkroom_ingestion.kafka.errors import CLIENT_NOT_CREATED
from darkroom_ingestion.kafka.log_record import position_of
from darkroom_ingestion.links.link import Link
from darkroom_ingestion.links.topics import topics_by_cluster
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings

if TYPE_CHECKING:
    from darkroom.kafka.connection import KafkaConnection

log = structlog.get_logger("darkroom.ingestion.links")


class NotConnected(DarkroomError):
    """The clients of a pipeline's Kafka can't be created."""


class Links:
    """One link per Kafka cluster, one hub per pipeline. Used from the event loop only."""

    def __init__(self, settings: Settings, filling: FillerStates, metrics: Metrics) -> None:
        self._settings, self._filling, self._metrics = settings, filling, metrics
        self.pipelines = Pipelines()
        self._links: dict[KafkaConnection, Link] = {}
        self._of_pipelines: dict[str, Link] = {}
        self._hubs: dict[str, Hub] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="links")

    def serve(self, pipelines: Pipelines) -> None:
        """Serve these pipelines from now on."""
        self.pipelines = pipelines
        wanted = pipelines.by_connection()
        replaced = [self._links.pop(connection) for connection in [c for c in self._links if c not in wanted]]
        for link in replaced:
            link.tail.stop()  # now, so that its successor can continue where it ends
        for connection, served in wanted.items():
            if connection in self._links:
                self._links[connection].serve(served)
                continue
            try:
                self._links[connection] = Link(
                    connection,
                    served,
                    self._settings,
                    self._metrics,
                    self._tell,
                    self._is_watched,
                    next((old for old in replaced if old.bootstrap_servers == connection.bootstrap_servers), None),
                )
            except CLIENT_NOT_CREATED as error:
                log.warning("a Kafka can't be used", bootstrap_servers=connection.bootstrap_servers, reason=str(error))
        self._of_pipelines = {
            served.key: link for connection, link in self._links.items() for served in wanted[connection]
        }
        self._filling.read(topics_by_cluster(pipelines))
        for link in replaced:
            closing = asyncio.ensure_future(self._close(link))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        for key in self._hubs.keys() - pipelines.keys():
            self._hubs[key].close()
        self._hubs = {key: self._hubs.get(key) or Hub() for key in pipelines}
        self._metrics.catalog_holds(len(pipelines), [unserved.cause for unserved in pipelines.unserved.values()])
        log.info("serving", pipelines=list(pipelines))

    def find(self, served: ServedPipeline) -> Link | None:
        """The link of a pipeline; None if its Kafka can't be used."""
        return self._of_pipelines.get(served.key)

    def of(self, served: ServedPipeline) -> Link:
        """The link of a pipeline.

        Raises:
            NotConnected: its Kafka can't be used.
        """
        link = self.find(served)
        if link is None:
            raise NotConnected(
                f"The connection to the Kafka of {served.key} can't be set up: the service's log says why."
            )
        return link

    def hub(self, served: ServedPipeline) -> Hub:
        """The hub of a pipeline."""
        return self._hubs[served.key]

    def uses(self, topic: str) -> bool:
        """Whether a topic belongs to a pipeline that is known to exist."""
        pipelines = self.pipelines
        if not pipelines.known:
            return True
        return any(topic.startswith(f"{key.replace('/', '.')}.") for key in (*pipelines, *pipelines.unserved))

    def all(self) -> list[Link]:
        """All links."""
        return list(self._links.values())

    async def close(self) -> None:
        """Close all links."""
        links, self._links, self._of_pipelines = list(self._links.values()), {}, {}
        await asyncio.gather(*(self._close(link) for link in links), *self._closing)
        self._threads.shutdown(wait=False)

    def _tell(self, news: list[tuple[str, News]]) -> None:
        """Pass events that tails have read to the hubs."""
        woken = set()
        for key, what in news:
            hub = self._hubs.get(key)
            if hub is None:
                continue
            match what:
                case FeedEvent():
                    self._add(hub, what)
                case UnreadRecord():
                    self._add_unread(hub, what)
                case topic, partition, offset:
                    hub.begin_at(feed_topic(topic), partition, offset)
                    continue
            woken.add(hub)
        for hub in woken:
            hub.wake()

    def _add(self, hub: Hub, event: FeedEvent) -> None:
        self._metrics.feed_events.labels(event.name).inc()
        hub.add(event)

    def _add_unread(self, hub: Hub, record: UnreadRecord) -> None:
        """Add a record that nobody waited for when it was received. Somebody may do so now."""
        if not hub.is_watched:
            at, offset = position_of(record.message)
            hub.skip(feed_topic(record.topic), at.partition, offset)
        elif (event := record.read()) is not None:
            self._add(hub, event)

    def _is_watched(self, pipeline: str) -> bool:
        """Whether anybody waits for the events of a pipeline. Called from the threads of tails."""
        hub = self._hubs.get(pipeline)
        return hub is not None and hub.is_watched

    async def _close(self, link: Link) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, link.close)
