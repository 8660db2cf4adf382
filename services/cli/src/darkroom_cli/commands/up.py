"""`darkroom up`."""

from pathlib import Path
from typing import Annotated

import typer

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
    """
    from darkroom_cli.runner.up import Options
    from darkroom_cli.sessions.up import run_session

    options = Options(tuple(at_least_one(manifests)), port, data_dir, bootstrap_servers, workers, ingestion_workers)
    code = run_session(options)
    raise typer.Exit(code)
