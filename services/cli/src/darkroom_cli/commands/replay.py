"""`darkroom replay`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.commands.options import AsJson, PipelineName

_POSITION = "beginning, end, an offset, or a time with a time zone (2026-11-23T12:00:00Z)"


def replay(
    manifests: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PIPELINE.yaml…", help="Files with the stage to run; by default the stage as `darkroom up` runs it."
        ),
    ] = None,
    *,
    pipeline: PipelineName = None,
    stage: Annotated[str | None, typer.Option(help="The stage to run; optional when there is only one.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="POSITION", help=f"Start of the range: {_POSITION}.")
    ] = None,
    end: Annotated[
        str,
        typer.Option(
            "--to", metavar="POSITION", help="End of the range; `end` is the end of the log when the replay starts."
        ),
    ] = "end",
    generation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the replay. Give the name of an unfinished replay to continue it."),
    ] = None,
    results_topic: Annotated[
        str | None,
        typer.Option(
            metavar="TOPIC",
            help="Write results to this topic instead of the stage's own; created if it does not exist.",
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0, help="Maximum images per second, to leave capacity for live work; 0 for no limit.")
    ] = 100.0,
    data_dir: Annotated[
        Path, typer.Option(envvar="DARKROOM_DATA_DIR", help="Data folder of the running `darkroom up`.")
    ] = Path("darkroom-data"),
    bootstrap_servers: Annotated[
        str | None, typer.Option(metavar="HOST:PORT,…", help="The Kafka to use; by default that of `darkroom up`.")
    ] = None,
    job: Annotated[
        Path | None,
        typer.Option(
            metavar="DEPLOYMENT.json",
            help="Print a Kubernetes Job, made from this Deployment of the stage's workers, and exit; - reads stdin.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Analyse stored images again with the current model, alongside live work.

    Reads a range of the images topic in a separate consumer group. Every image gets a new result, whose id contains
    the name of the replay. Stops at the end of the range. Continue an interrupted replay with --generation NAME. Exit
    code 1 if an image could not be analysed.
    """
    from darkroom.files.temporary_folder import temporary_folder
    from darkroom_cli.exit_codes import InvalidInput
    from darkroom_cli.replay.job import read_deployment, replay_job
    from darkroom_cli.replay.request import request
    from darkroom_cli.replay.target import choose, targets_of_folder, targets_of_manifests
    from darkroom_cli.sessions.replay import Session
    from darkroom_cli.views.output import answer_json

    asked = request(start, end, results_topic, rate, generation)
    if job is not None:
        if manifests or pipeline or stage:
            raise InvalidInput("--job takes the stage from the Deployment: omit PIPELINE.yaml, --pipeline and --stage")
        deployment = read_deployment(Path("/dev/stdin") if job == Path("-") else job)
        answer_json(replay_job(deployment, asked.generation, asked.arguments()))
        return
    with temporary_folder("darkroom-replay-") as folder:
        targets = (
            targets_of_manifests(manifests, bootstrap_servers, data_dir, folder)
            if manifests
            else targets_of_folder(data_dir, bootstrap_servers)
        )
        session = Session(choose(targets, pipeline, stage), asked, as_json=as_json)
        raise typer.Exit(session.run(folder, folder / "worker.log"))
