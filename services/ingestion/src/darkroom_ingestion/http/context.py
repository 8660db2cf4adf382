"""The services that routes use."""

import asyncio
import time
from dataclasses import dataclass, field

from darkroom.tracing.spans import Tracing
from darkroom_ingestion.access.access import Access
from darkroom_ingestion.audit.log import AuditLog
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.feed.stream import Reading
from darkroom_ingestion.filling.states import FillerStates
from darkroom_ingestion.http.problems import HttpProblem, not_found, unavailable
from darkroom_ingestion.http.requests.memory import BodyMemory
from darkroom_ingestion.http.siblings import Siblings
from darkroom_ingestion.images.lookup import ImageLookup
from darkroom_ingestion.images.redrives.jobs import RedriveJobs
from darkroom_ingestion.images.redrives.redrive import Redrives
from darkroom_ingestion.images.submission import Submissions
from darkroom_ingestion.limits.callers import CallerLimits
from darkroom_ingestion.links.links import Links
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings
from darkroom_ingestion.status.statuses import Statuses
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.probe import WriteProbe
from darkroom_ingestion.supervision import Supervisor
from darkroom_ingestion.thumbnails.thumbnails import Thumbnails


@dataclass
class Services:
    """The running service, as `app.state.services`. Created on the event loop that serves.

    Attributes:
        siblings: all HTTP processes; None if there is only this one.
    """

    settings: Settings
    access: Access
    database: Database
    metrics: Metrics
    links: Links
    filling: FillerStates
    submissions: Submissions
    lookup: ImageLookup
    redrives: Redrives
    redrive_jobs: RedriveJobs
    statuses: Statuses
    memory: BodyMemory
    limits: CallerLimits
    audit: AuditLog | None
    probe: WriteProbe
    tracing: Tracing | None
    background: Supervisor
    thumbnails: Thumbnails = field(default_factory=Thumbnails)
    siblings: Siblings | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    created_at: float = field(default_factory=time.monotonic)
    reading: Reading = field(default_factory=Reading)

    def age_s(self) -> float:
        """Seconds since the service's start."""
        return time.monotonic() - self.created_at

    def pipeline(self, namespace: str, name: str) -> ServedPipeline:
        """The pipeline of that name.

        Raises:
            HttpProblem: 404; 503 if it exists but can't be served yet.
        """
        pipelines, key = self.links.pipelines, f"{namespace}/{name}"
        if (served := pipelines.get(key)) is not None:
            return served
        if (unserved := pipelines.unserved.get(key)) is not None:
            raise _not_ready(f"Pipeline {key} is not served: {unserved.reason}")
        if not pipelines.known:
            raise _not_ready("The list of pipelines has not been read from the API server yet.")
        raise not_found(
            f"There is no pipeline {name!r:.80} in namespace {namespace!r:.80}: GET /v1/pipelines lists them."
        )


def _not_ready(detail: str) -> HttpProblem:
    return unavailable("pipeline-not-ready", "The pipeline is not ready", detail, retry_after_s=2)
