"""The HTTP servers of a process, and the service behind them."""

import gc
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp

from darkroom.loopback import is_loopback
from darkroom_ingestion.catalog.served import Pipelines
from darkroom_ingestion.catalog.source import CatalogSource
from darkroom_ingestion.certificate import Certificate
from darkroom_ingestion.filling.start import FillingProcesses
from darkroom_ingestion.http.app import as_served, at_once, create_app, create_probe_app, serve
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.http.server.protocol import AtOnce
from darkroom_ingestion.http.server.servers import probes_served, server
from darkroom_ingestion.listening import urls_of
from darkroom_ingestion.services import Membership, running
from darkroom_ingestion.settings import Settings
from darkroom_ingestion.store.database import Database

_OBJECTS_UNTIL_COLLECTION = 5_000

log = structlog.get_logger("darkroom.ingestion")


@dataclass(frozen=True)
class Prepared:
    """A running service, its application, what handles requests before that, the probes' application, and TLS."""

    services: Services
    app: ASGIApp
    at_once: AtOnce | None
    probe_app: ASGIApp
    tls: ssl.SSLContext | None


def loaded_app(settings: Settings) -> FastAPI:
    """The application, ready to route requests. Needs nothing but the settings."""
    app = create_app(cors_origins=settings.cors_origins, on_loopback=is_loopback(settings.host))
    # FastAPI builds each route when it first compares it with a request: 35 ms of the first request.
    request = {"type": "http", "method": "GET", "path": "/unknown", "root_path": "", "headers": [], "query_string": b""}
    for route in app.router.routes:
        route.matches(dict(request))
    return app


@asynccontextmanager
async def prepared(
    app: FastAPI,
    settings: Settings,
    database: Database,
    catalog: CatalogSource,
    pipelines: Pipelines,
    filling: FillingProcesses | Membership,
) -> AsyncIterator[Prepared]:
    """Start the service, or one of its HTTP processes, without a server. Stops it at the end of the block.

    Raises:
        BadCertificate: the TLS certificate is invalid.
    """
    certificate = None if settings.tls is None else Certificate(*settings.tls)
    on_loopback = is_loopback(settings.host)
    probe_app = create_probe_app()
    async with running(settings, database, catalog, pipelines, filling) as services:
        serve(app, services)
        serve(probe_app, services)
        # These objects live as long as the process: exclude them from garbage collection. A request leaves next to no
        # cycles, and collections after every 700 objects, Python's default, would take a tenth of its time.
        gc.freeze()
        gc.set_threshold(_OBJECTS_UNTIL_COLLECTION)
        if certificate is not None:
            services.background.start("tls certificate", partial(certificate.watch, services.metrics))
        tls = None if certificate is None else certificate.context
        checks = Checks(services.access, services.limits, settings.access.sign_in.trusted_proxies)
        whole = as_served(app, checks, cors_origins=settings.cors_origins, on_loopback=on_loopback)
        before = at_once(app, checks, on_loopback=on_loopback)
        yield Prepared(services, whole, before, probe_app, tls)


async def serve_alone(
    app: FastAPI,
    settings: Settings,
    database: Database,
    catalog: CatalogSource,
    pipelines: Pipelines,
    listening: socket.socket,
    probes: socket.socket | None,
    filling: FillingProcesses,
) -> None:
    """Serve in this process until SIGTERM. `probes` is a second listening socket, for probes and metrics."""
    async with prepared(app, settings, database, catalog, pipelines, filling) as ready, AsyncExitStack() as stack:
        if probes is not None:
            await stack.enter_async_context(probes_served(ready.probe_app, [probes]))
        log.info("listening", **urls_of(listening, probes, tls=ready.tls is not None))

        async def stop() -> None:
            ready.services.stopping.set()

        await server(ready.app, settings.shutdown_timeout_s, lambda: None, stop, ready.tls, ready.at_once).serve(
            [listening]
        )
