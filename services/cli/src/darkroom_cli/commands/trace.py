"""`darkroom trace`."""

from typing import Annotated

import typer

from darkroom_cli.commands.connection import Connection, connects
from darkroom_cli.commands.options import AsJson, PipelineName


@connects
def trace(
    image: Annotated[str, typer.Argument(metavar="IMAGE-ID", help="The image's id, as `darkroom submit` prints it.")],
    *,
    pipeline: PipelineName = None,
    as_json: AsJson = False,
    connection: Connection,
) -> None:
    """Show what happened to an image: when it was received, analysed, failed and redriven, and its records."""
    from urllib.parse import quote

    from darkroom_cli.client.pipelines import choose
    from darkroom_cli.sessions.connect import connected
    from darkroom_cli.views.output import answer, answer_json, stdout_console
    from darkroom_cli.views.trace import heading, steps_table, waiting

    with connected(connection.target()) as service:
        chosen = choose(service, pipeline)
        found = service.get(f"{chosen.path}/images/{quote(image, safe='')}/trace").json()
    if as_json:
        answer_json(found)
        return
    answer(heading(found))
    stdout_console().print(steps_table(found))
    if found["waiting"]:
        answer(waiting(found))
