"""`darkroom status`."""

from typing import Annotated

import typer

from darkroom_cli.commands.connection import Connection, connects
from darkroom_cli.commands.options import AsJson


@connects
def status(
    pipeline: Annotated[
        str | None,
        typer.Argument(metavar="[NAMESPACE/]PIPELINE", help="The pipeline; by default a table of all pipelines."),
    ] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it every two seconds, until Ctrl-C.")] = False,
    as_json: AsJson = False,
    connection: Connection,
) -> None:
    """Show how pipelines are: workers, lag, rates, dead letters and last errors, and what to do if something is wrong.

    Exit code 1 if a pipeline needs attention.
    """
    from darkroom_cli.sessions.connect import connected
    from darkroom_cli.sessions.status import show_status, watch_status

    with connected(connection.target()) as service:
        if watch:
            watch_status(service, pipeline, as_json=as_json)
        raise typer.Exit(show_status(service, pipeline, as_json=as_json))
