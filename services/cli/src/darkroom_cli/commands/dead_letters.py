"""`darkroom dead-letters`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.commands.connection import Connection, connects
from darkroom_cli.commands.options import AsJson, PipelineName
from darkroom_cli.exit_codes import EXPLAINED, ExitCode, InvalidInput

app = typer.Typer(help="List, inspect, save and redrive the images that a stage could not analyse.")

StageName = Annotated[str | None, typer.Option(help="Only dead letters of this stage.")]
Reason = Annotated[str | None, typer.Option(help="Only dead letters with this reason, such as DecodeError.")]
Limit = Annotated[int, typer.Option(min=1, help="Maximum number of dead letters.")]
Which = Annotated[
    str, typer.Argument(metavar="DEAD-LETTER", help="STAGE/PARTITION/OFFSET as listed, or the id of an image.")
]


@app.callback(invoke_without_command=True, epilog=EXPLAINED)
@connects
def list_them(
    context: typer.Context,
    *,
    pipeline: PipelineName = None,
    stage: StageName = None,
    reason: Reason = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    connection: Connection,
) -> None:
    """List, inspect, save and redrive the images that a stage could not analyse. Without a command, list them."""
    if context.invoked_subcommand is None:
        _list(pipeline, stage, reason, limit, as_json=as_json, connection=connection)


@app.command("list", epilog=EXPLAINED)
@connects
def list_command(
    *,
    pipeline: PipelineName = None,
    stage: StageName = None,
    reason: Reason = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    connection: Connection,
) -> None:
    """List dead letters, newest first."""
    _list(pipeline, stage, reason, limit, as_json=as_json, connection=connection)


@app.command(epilog=EXPLAINED)
@connects
def show(which: Which, *, pipeline: PipelineName = None, as_json: AsJson = False, connection: Connection) -> None:
    """Show the details of one dead letter."""
    from darkroom_cli.client.dead_letters import find_dead_letter
    from darkroom_cli.client.pipelines import choose
    from darkroom_cli.sessions.connect import connected
    from darkroom_cli.views.output import answer, answer_json
    from darkroom_cli.views.results import dead_letter_lines

    with connected(connection.target()) as service:
        letter = find_dead_letter(service, choose(service, pipeline), which)
    if as_json:
        answer_json(letter)
    else:
        answer("\n".join(dead_letter_lines(letter)))


@app.command(epilog=EXPLAINED)
@connects
def save(
    which: Which,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; by default the image's id with the suffix of its type."),
    ] = None,
    pipeline: PipelineName = None,
    connection: Connection,
) -> None:
    """Save the image of a dead letter, byte for byte as it was sent."""
    from darkroom_cli.client.dead_letters import content, find_dead_letter
    from darkroom_cli.client.image_files import save_image
    from darkroom_cli.client.pipelines import choose
    from darkroom_cli.sessions.connect import connected
    from darkroom_cli.views.output import answer

    with connected(connection.target()) as service:
        chosen = choose(service, pipeline)
        letter = find_dead_letter(service, chosen, which)
        path = save_image(content(service, chosen, letter), letter["id"], letter.get("contentType"), output)
    answer(f"{path}")


@app.command(epilog=EXPLAINED)
@app.command("replay", epilog=EXPLAINED, hidden=True)
@connects
def redrive(
    context: typer.Context,
    images: Annotated[
        list[str] | None, typer.Argument(metavar="IMAGE-ID…", help="Redrive the dead letters of these images.")
    ] = None,
    *,
    stage: Annotated[
        str | None, typer.Option(help="The stage that failed; optional when the pipeline has only one.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Redrive those with this reason.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Redrive those that failed at or after this time (RFC 3339).")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Redrive those that failed before this time (RFC 3339).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Redrive all that have not been redriven yet.")] = False,
    pipeline: PipelineName = None,
    as_json: AsJson = False,
    connection: Connection,
) -> None:
    """Send dead letters to their stage again.

    Publishes the images to the images topic again, only for the stage that failed on them.
    """
    from darkroom_cli.client.dead_letters import redrive as redrive_all
    from darkroom_cli.client.pipelines import choose
    from darkroom_cli.sessions.connect import connected
    from darkroom_cli.views.output import answer, answer_json, say

    old_name = context.info_name == "replay"
    if old_name:
        say("darkroom: `dead-letters replay` is now `dead-letters redrive`; the old name will be removed")
    selection = {
        name: value
        for name, value in {"ids": images, "reason": reason, "since": since, "until": until, "all": everything}.items()
        if value
    }
    kinds = {"since" if name == "until" else name for name in selection}
    if len(kinds) != 1:
        raise InvalidInput(
            "choose the dead letters to redrive by exactly one of IMAGE-ID…, --reason, --since/--until and --all"
        )
    with connected(connection.target()) as service:
        chosen = choose(service, pipeline)
        if stage is None and len(chosen.stages) != 1:
            has = f"has several stages: choose one with --stage: {', '.join(chosen.stages)}"
            raise InvalidInput(f"{chosen} {has if chosen.stages else 'is not listed: name the stage with --stage'}")
        answers = list(redrive_all(service, chosen, {"stage": stage or chosen.stages[0], **selection}))
    redriven = [image for part in answers for image in part["images"]]
    problems = [problem for part in answers for problem in part["problems"]]
    for problem in problems:
        say(f"darkroom: {problem.get('detail') or problem}")
    known = {image["id"] for image in redriven} | {problem.get("instance") for problem in problems}
    unknown = [image for image in dict.fromkeys(images or ()) if image not in known]
    for image in unknown:
        say(f"darkroom: stage {stage or chosen.stages[0]} of {chosen} has no dead letter of image {image}")
    if as_json:
        count = "replayed" if old_name else "redriven"
        answer_json({count: len(redriven), "images": redriven, "problems": problems})
    else:
        answer(f"{len(redriven)} image(s) redriven for stage {stage or chosen.stages[0]} of {chosen}")
    if problems or unknown:
        raise typer.Exit(ExitCode.FAILED)


def _list(
    pipeline: str | None, stage: str | None, reason: str | None, limit: int, *, as_json: bool, connection: Connection
) -> None:
    from itertools import islice

    from darkroom_cli.client.dead_letters import list_dead_letters
    from darkroom_cli.client.pipelines import choose
    from darkroom_cli.sessions.connect import connected
    from darkroom_cli.views.output import answer, answer_json, stdout_console
    from darkroom_cli.views.results import dead_letters_table

    with connected(connection.target()) as service:
        chosen = choose(service, pipeline)
        found = list(islice(list_dead_letters(service, chosen, stage, reason), limit))
    if not found:
        chosen.expect(stage)
    if as_json:
        answer_json(found)
    elif found:
        stdout_console().print(dead_letters_table(found))
    else:
        answer(f"{chosen} has no matching dead letters")
