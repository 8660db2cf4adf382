"""The composition root: creates the parts of the service, starts them, and stops them in order."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from darkroom.tracing.start import start_tracing
from darkroom_ingestion.access.opening import open_access
from darkroom_ingestion.audit.log import AuditLog
from darkroom_ingestion.catalog.served import Pipelines
from darkroom_ingestion.catalog.source import CatalogSource
from darkroom_ingestion.filling.image_channel import ImageSender
from darkroom_ingestion.filling.messages import Setup
from darkroom_ingestion.filling.process import Filling
from darkroom_ingestion.filling.start import FillingProcesses
from darkroom_ingestion.filling.states import FillerStates
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.requests.memory import BodyMemory
from darkroom_ingestion.http.siblings import Siblings
from darkroom_ingestion.images.idempotency import IdempotencyKeys
from darkroom_ingestion.images.lookup import ImageLookup
from darkroom_ingestion.images.publishing import ImagesTopics
from darkroom_ingestion.images.recent import RecentImages
from darkroom_ingestion.images.redrives.jobs import RedriveJobs
from darkroom_ingestion.images.redrives.redrive import Redrives
from darkroom_ingestion.images.submission import Submissions
from darkroom_ingestion.images.topic_ends import TopicEnds
from darkroom_ingestion.limits.callers import CallerLimits
from darkroom_ingestion.links.links import Links
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import SERVICE, Settings
from darkroom_ingestion.stalls import stalls_reported
from darkroom_ingestion.status.statuses import Statuses
from darkroom_ingestion.store.connecting import REMOVING_CACHE_KIB, engine_of
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.housekeeping import run_housekeeping
from darkroom_ingestion.store.ownership import Owner
from darkroom_ingestion.store.probe import WriteProbe
from darkroom_ingestion.store.redrives.claims import Claimant
from darkroom_ingestion.supervision import Supervisor

_LEASE_MARGIN_S = 10.0
_LAST_SPANS_S = 2.0

log = structlog.get_logger("darkroom.ingestion")


@dataclass(frozen=True)
class Membership:
    """What one of several HTTP processes has in common with the others.

    Attributes:
        owner: its name for claims in the store.
        siblings: all of the processes.
        filling: the state of the process that fills the store, which another process has started.
        images: where to send accepted images, for that process.
    """

    owner: Owner
    siblings: Siblings
    filling: FillerStates
    images: socket.socket

    @property
    def is_first(self) -> bool:
        """Whether it does the work that one process is to do."""
        return self.owner.process == 1


@asynccontextmanager
async def running(
    settings: Settings,
    database: Database,
    catalog: CatalogSource,
    pipelines: Pipelines,
    filling: FillingProcesses | Membership,
) -> AsyncIterator[Services]:
    """Start the service, or one of its HTTP processes. Stops it gracefully at the end of the block.

    `filling` are the processes that fill the store; for an HTTP process, what it has in common with the others.
    """
    services = _create(settings, database, catalog, filling)
    metrics, links = services.metrics, services.links
    links.serve(pipelines)
    if isinstance(services.filling, Filling):
        services.background.start("filling", services.filling.run)
    services.background.start("catalog", lambda: catalog.watch(links.serve))
    for name, run in services.access.background:
        services.background.start(name, run)
    services.background.start("redrives", services.redrive_jobs.run)
    # While rows are removed with a connection of the requests, these need another one, which then has a cache too.
    removing = Database(engine_of(settings.database, REMOVING_CACHE_KIB), database.instance)
    if not isinstance(filling, Membership) or filling.is_first:
        services.background.start(
            "housekeeping",
            lambda: run_housekeeping(
                removing, lambda: [(link.admin, link.topics) for link in links.all()], links.uses, metrics
            ),
        )
    try:
        with stalls_reported():
            yield services
    finally:
        services.stopping.set()
        await services.background.stop()
        await services.thumbnails.close()
        await links.close()
        services.reading.threads.shutdown(wait=False, cancel_futures=True)
        if services.audit is not None:
            await asyncio.to_thread(services.audit.close)
        if services.tracing is not None:
            await asyncio.to_thread(services.tracing.close, _LAST_SPANS_S)
        removing.close()
        database.close()
        log.info("stopped")


def _create(
    settings: Settings, database: Database, catalog: CatalogSource, filling: FillingProcesses | Membership
) -> Services:
    metrics = Metrics()
    states: FillerStates
    if isinstance(filling, Membership):
        owner, states, siblings = filling.owner, filling.filling, filling.siblings
    else:
        owner, states, siblings = Owner(), Filling(Setup.of(settings, database.instance), filling, metrics), None
    passed = ImageSender(filling.images)
    links = Links(settings, states, metrics)
    memory = BodyMemory(settings.body_memory_bytes)
    lease_s = settings.delivery_timeout_s + _LEASE_MARGIN_S
    keys = IdempotencyKeys(database, owner, lease_s)
    claimant = Claimant(database, owner, int(lease_s * 1000))
    tracing = start_tracing(SERVICE)
    topics, recent, ends = ImagesTopics(links, metrics), RecentImages(), TopicEnds(links)
    metrics.body_bytes.set_function(lambda: memory.taken)
    metrics.producer_queue.set_function(lambda: sum(link.publisher.waiting for link in links.all()))
    metrics.store_lag.set_function(lambda: states.lag)
    metrics.store_writable.set(1)
    limits = CallerLimits(settings.limits, lambda limit: metrics.limit_refusals.labels(limit).inc())
    metrics.callers.set_function(lambda: limits.tracked)
    redrives = Redrives(topics, links, database, claimant, ends, metrics)
    return Services(
        settings=settings,
        access=open_access(settings, metrics),
        database=database,
        metrics=metrics,
        links=links,
        filling=states,
        submissions=Submissions(topics, database, keys, recent, passed, metrics, tracing),
        lookup=ImageLookup(database, recent, ends),
        redrives=redrives,
        redrive_jobs=RedriveJobs(redrives),
        statuses=Statuses(links, database, catalog),
        memory=memory,
        limits=limits,
        audit=None if settings.audit_log is None else AuditLog(settings.audit_log, metrics),
        probe=WriteProbe(database),
        tracing=tracing,
        background=Supervisor(metrics),
        siblings=siblings,
    )
