"""The command `darkroom-ingestion`: serves until SIGTERM. Exits with 2 if the service can't start."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import uvicorn

from darkroom.errors import DarkroomError
from darkroom.logs import configure_logs
from darkroom.processes.held_start import continue_when_released
from darkroom.processes.loading import loading
from darkroom_ingestion.access.opening import check_access
from darkroom_ingestion.audit.destination import AuditFile
from darkroom_ingestion.catalog.file import FileCatalog
from darkroom_ingestion.catalog.source import CatalogSource
from darkroom_ingestion.certificate import Certificate
from darkroom_ingestion.filling.start import FillingProcesses
from darkroom_ingestion.library_logs import quiet_libraries
from darkroom_ingestion.listening import listen
from darkroom_ingestion.settings import Settings, read_settings
from darkroom_ingestion.store.opening import open_database

CANNOT_START = 2


def main() -> None:
    """Entry point of the command."""
    try:
        settings = read_settings(sys.argv[1:])
        configure_logs(settings.log_format, settings.log_level)
        # First of all, while this process has a single thread and has not imported the web framework.
        filling = FillingProcesses()
        with loading():
            serve = _loaded(settings)
        quiet_libraries()
        # Before anything starts: a problem with these files ends the command.
        if settings.tls is not None:
            Certificate(*settings.tls)
        if settings.audit_log is not None:
            AuditFile(settings.audit_log).close()
        check_access(settings)
        database = open_database(settings.database)
        if not continue_when_released():
            sys.exit(1)
        catalog = _catalog(settings)
        pipelines = catalog.read()
        listening = listen(settings.host, settings.port)
        probes = None if settings.probe_port is None else listen(settings.host, settings.probe_port)
        with asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory()) as runner:
            runner.run(serve(settings, database, catalog, pipelines, listening, probes, filling))
    except DarkroomError as error:
        print(f"darkroom-ingestion: {error}", file=sys.stderr)  # noqa: T201 - for the person who started the command
        sys.exit(CANNOT_START)


def _loaded(settings: Settings) -> Callable[..., Coroutine[Any, Any, None]]:
    """The function that serves. The parent of several HTTP processes needs no memory for the web framework."""
    if settings.workers > 1:
        from darkroom_ingestion.processes.parent import serve_with_processes  # noqa: PLC0415

        return serve_with_processes
    from darkroom_ingestion.serving import loaded_app, serve_alone  # noqa: PLC0415

    return partial(serve_alone, loaded_app(settings))


def _catalog(settings: Settings) -> CatalogSource:
    if not settings.in_cluster:
        return FileCatalog(settings.catalog)
    # The HTTP client takes a tenth of a second to import, and only Kubernetes needs it.
    from darkroom_ingestion.catalog.cluster.api_server import ApiServer, server_of_the_pod  # noqa: PLC0415
    from darkroom_ingestion.catalog.cluster.catalog import ClusterCatalog  # noqa: PLC0415
    from darkroom_ingestion.catalog.cluster.credentials import read_credentials  # noqa: PLC0415

    server = ApiServer(settings.kubernetes_server or server_of_the_pod(), settings.kubernetes_credentials)
    return ClusterCatalog(server, settings.namespaces, read_credentials(settings.kafka_credentials))
