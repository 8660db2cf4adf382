"""Everything that requests need, put together once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from darkroom import names
from darkroom_ingestion.catalog.served import CatalogSource, Pipelines, ServedPipeline
from darkroom_ingestion.feed.stream import Reading
from darkroom_ingestion.http.bodies import BodyMemory
from darkroom_ingestion.http.problems import HttpProblem, not_found, unavailable
from darkroom_ingestion.images.idempotency import IdempotencyKeys
from darkroom_ingestion.images.recent import RecentImages
from darkroom_ingestion.links import Link, Links
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.housekeeping import keep_house

_LEASE_MARGIN_S = 10.0

log = structlog.get_logger("darkroom.ingestion")


@dataclass
class Services:
    """What the routes work with. Made on the event loop that serves them."""

    settings: Settings
    database: Database
    metrics: Metrics
    links: Links
    keys: IdempotencyKeys
    memory: BodyMemory
    recent: RecentImages = field(default_factory=RecentImages)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    made_at: float = field(default_factory=time.monotonic)
    reading: Reading = field(default_factory=Reading)

    def age_s(self) -> float:
        """For how long they have been there."""
        return time.monotonic() - self.made_at

    def pipeline(self, namespace: str, name: str) -> ServedPipeline:
        """The pipeline of that name.

        Raises:
            HttpProblem: 404, or 503 if it is there and can't be served yet.
        """
        pipelines, key = self.links.pipelines, f"{namespace}/{name}"
        if (served := pipelines.get(key)) is not None:
            return served
        if (unserved := pipelines.unserved.get(key)) is not None:
            raise _not_ready(f"Pipeline {key} is not served: {unserved.reason}")
        if not pipelines.known:
            raise _not_ready("The API server has not told yet which pipelines there are.")
        raise not_found(
            f"There is no pipeline {name!r:.80} in namespace {namespace!r:.80}: GET /v1/pipelines lists them."
        )

    def link(self, served: ServedPipeline) -> Link:
        """The Kafka of a pipeline.

        Raises:
            HttpProblem: 503.
        """
        link = self.links.of(served)
        if link is None:
            raise unavailable(
                "kafka-unavailable",
                "Kafka is not available",
                f"The connection to the Kafka of {served.key} can't be set up: the service's log says why.",
                retry_after_s=10,
            )
        return link


@asynccontextmanager
async def running(
    settings: Settings, database: Database, catalog: CatalogSource, pipelines: Pipelines
) -> AsyncIterator[Services]:
    """The services, started; stopped in order at the end."""
    metrics = Metrics()
    links = Links(settings, database, metrics)
    memory = BodyMemory(settings.body_memory_bytes)
    keys = IdempotencyKeys(database, settings.delivery_timeout_s + _LEASE_MARGIN_S)
    services = Services(settings, database, metrics, links, keys, memory)
    metrics.body_bytes.set_function(lambda: memory.taken)
    metrics.store_lag.set_function(lambda: sum(link.filler.state.lag for link in links.all()))
    metrics.store_writable.set(1)
    links.serve(pipelines)
    background = [
        asyncio.create_task(catalog.watch(links.serve), name="catalog"),
        asyncio.create_task(
            keep_house(database, lambda: [(link.admin, link.topics) for link in links.all()], metrics),
            name="housekeeping",
        ),
    ]
    try:
        yield services
    finally:
        services.stopping.set()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await links.close()
        services.reading.threads.shutdown(wait=False, cancel_futures=True)
        database.close()
        log.info("stopped")


def _not_ready(detail: str) -> HttpProblem:
    return unavailable("pipeline-not-ready", "The pipeline is not ready", detail, retry_after_s=2)


def image_path(served: ServedPipeline, image_id: str) -> str:
    """Where the document of an image is."""
    return f"{served.path}/images/{image_id}"


def images_source(served: ServedPipeline) -> str:
    """The CloudEvents source of a pipeline's images."""
    return names.images_source(served.pipeline.namespace, served.pipeline.name)
