"""`darkroom up`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from darkroom.processes.loading import loading
from darkroom_cli.commands.options import Manifests, at_least_one


def up(
    manifests: Manifests,
    *,
    port: Annotated[
        int,
        typer.Option(
            envvar="DARKROOM_PORT", min=0, max=65_535, help="Port of the ingestion service; 0 chooses a free one."
        ),
    ] = 8080,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address that the ingestion service listens on. Any but loopback needs --token-file or --insecure.",
        ),
    ] = "127.0.0.1",
    token_file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            show_default=False,
            help="YAML or JSON file with those who may use the ingestion service, their tokens and their rights.",
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let everybody who can reach --host use the ingestion service.")
    ] = False,
    data_dir: Annotated[
        Path,
        typer.Option(
            envvar="DARKROOM_DATA_DIR",
            help="Folder for Kafka's data, results and logs. Reused by the next run.",
        ),
    ] = Path("darkroom-data"),
    bootstrap_servers: Annotated[
        str | None, typer.Option(metavar="HOST:PORT,…", help="Use this Kafka instead of starting one.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="Number of workers of each stage; a stage with `replicas: 0` has none. A stage with `autoscaling` has "
            "at most this many, or one for each CPU if that is more.",
        ),
    ] = 1,
    ingestion_workers: Annotated[
        int, typer.Option(min=1, max=64, help="Number of processes of the ingestion service that handle requests.")
    ] = 1,
) -> None:
    """Run pipelines on this machine: a Kafka broker, the workers of every stage, and the ingestion service.

    The Kafka in the manifests is replaced by a broker that this command starts, or by --bootstrap-servers. Prints
    "ready: http://127.0.0.1:PORT" on stdout once every stage is ready. Ctrl-C stops everything gracefully; a second
    Ctrl-C stops immediately.

    With --token-file, `darkroom` and other clients of the ingestion service need a token of the file.
    """
    from darkroom_cli.processes import modules
    from darkroom_cli.processes.fork_server.client import ForkServer

    # First of all: it imports the services while this process imports what it needs.
    fork_server = ForkServer([modules.WORKER, modules.INGESTION]) if sys.platform == "linux" else None
    with loading():
        from darkroom_cli.runner.options import Exposure, Options
        from darkroom_cli.sessions.up import run_session

    options = Options(
        tuple(at_least_one(manifests)),
        port,
        data_dir,
        bootstrap_servers,
        workers,
        ingestion_workers,
        Exposure(host, token_file, insecure),
        fork_server,
    )
    code = run_session(options)
    raise typer.Exit(code)
