"""`darkroom results`."""

from typing import Annotated

import typer

from darkroom_cli.commands.connection import Connection, connects
from darkroom_cli.commands.options import PipelineName


@connects
def results(
    *,
    pipeline: PipelineName = None,
    stage: Annotated[str | None, typer.Option(help="Only results of this stage.")] = None,
    label: Annotated[str | None, typer.Option(help="Only results with this label.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of results; 20 without --follow.", show_default=False)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print results as they arrive, until Ctrl-C.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print a JSON array instead of a table; with --follow, one JSON object per line."),
    ] = False,
    connection: Connection,
) -> None:
    """List the results of a pipeline, newest first, or follow them live."""
    from itertools import islice

    from darkroom_cli.client.live import Filter, follow_results
    from darkroom_cli.client.pipelines import choose
    from darkroom_cli.sessions.connect import connected
    from darkroom_cli.views.output import answer, answer_json, say, stdout_console
    from darkroom_cli.views.results import result_row, results_table

    with connected(connection.target()) as service:
        chosen = choose(service, pipeline)
        if follow:
            chosen.expect(stage)
            for result in islice(follow_results(service, chosen, Filter(stage, label), say), limit):
                if as_json:
                    answer_json(result, indent=None)
                else:
                    answer("  ".join(result_row(result)))
            return
        most = 20 if limit is None else limit
        filters = {name: value for name, value in (("stage", stage), ("label", label)) if value is not None}
        found = list(islice(service.pages(f"{chosen.path}/results", "results", filters), most))
        if not found:
            chosen.expect(stage)
        if as_json:
            answer_json(found)
        elif found:
            stdout_console().print(results_table(found))
        else:
            answer(f"{chosen} has no matching results")
