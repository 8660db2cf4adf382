"""The command `darkroom-ingestion`: serves until SIGTERM. Exits with 2 if the service can't start."""

import asyncio
import gc
import logging
import socket
import sys

import structlog
import uvicorn

from darkroom.errors import DarkroomError
from darkroom.logs import configure_logs
from darkroom.processes.held_start import continue_when_released
from darkroom_ingestion.catalog.file import FileCatalog
from darkroom_ingestion.catalog.served import Pipelines
from darkroom_ingestion.catalog.source import CatalogSource
from darkroom_ingestion.http.app import create_app, create_probe_app, serve, with_uploads
from darkroom_ingestion.http.middleware.loopback import is_loopback
from darkroom_ingestion.http.server import listen, probes_served, server, url_of
from darkroom_ingestion.services import running
from darkroom_ingestion.settings import Settings, read_settings
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.opening import open_database

CANNOT_START = 2
_OBJECTS_UNTIL_COLLECTION = 5_000

log = structlog.get_logger("darkroom.ingestion")


def main() -> None:
    """Entry point of the command."""
    try:
        settings = read_settings(sys.argv[1:])
        configure_logs(settings.log_format, settings.log_level)
        if not continue_when_released():
            sys.exit(1)
        _quiet_libraries()
        catalog = _catalog(settings)
        pipelines = catalog.read()
        listening = listen(settings.host, settings.port)
        probes = None if settings.probe_port is None else listen(settings.host, settings.probe_port)
        database = open_database(settings.database)
    except DarkroomError as error:
        print(f"darkroom-ingestion: {error}", file=sys.stderr)  # noqa: T201 - for the person who started the command
        sys.exit(CANNOT_START)
    loop_factory = uvicorn.Config("", log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_serve(settings, catalog, pipelines, (listening, probes), database))


async def _serve(
    settings: Settings,
    catalog: CatalogSource,
    pipelines: Pipelines,
    sockets: tuple[socket.socket, socket.socket | None],
    database: Database,
) -> None:
    on_loopback = is_loopback(settings.host)
    app = create_app(cors_origins=settings.cors_origins, on_loopback=on_loopback)
    listening, for_probes = sockets
    probe_app = create_probe_app()
    async with running(settings, database, catalog, pipelines) as services:
        serve(app, services)
        serve(probe_app, services)
        # These objects live as long as the process: exclude them from garbage collection. A request leaves next to no
        # cycles, and collections after every 700 objects, Python's default, would take a tenth of its time.
        gc.freeze()
        gc.set_threshold(_OBJECTS_UNTIL_COLLECTION)
        async with probes_served(probe_app, for_probes):
            probes = {} if for_probes is None else {"probes": url_of(for_probes)}
            log.info("listening", url=url_of(listening), **probes)
            await server(
                with_uploads(app, on_loopback=on_loopback), services.stopping.set, settings.shutdown_timeout_s
            ).serve([listening])


def _catalog(settings: Settings) -> CatalogSource:
    if not settings.in_cluster:
        return FileCatalog(settings.catalog)
    # The HTTP client takes a tenth of a second to import, and only Kubernetes needs it.
    from darkroom_ingestion.catalog.cluster.api_server import ApiServer, server_of_the_pod  # noqa: PLC0415
    from darkroom_ingestion.catalog.cluster.catalog import ClusterCatalog  # noqa: PLC0415
    from darkroom_ingestion.catalog.cluster.credentials import read_credentials  # noqa: PLC0415

    server = ApiServer(settings.kubernetes_server or server_of_the_pod(), settings.kubernetes_credentials)
    return ClusterCatalog(server, settings.namespaces, read_credentials(settings.kafka_credentials))


def _quiet_libraries() -> None:
    for name in ("uvicorn", "alembic", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
