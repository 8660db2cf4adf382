"""`darkroom replay`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.commands.options import AsJson, PipelineName

Where = "beginning, end, an offset, or a time with its zone (2026-11-23T12:00:00Z)"


def replay(
    manifests: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PIPELINE.yaml…", help="Manifests with the stage as it is to be now; left out: as `up` runs it."
        ),
    ] = None,
    *,
    pipeline: PipelineName = None,
    stage: Annotated[
        str | None, typer.Option(help="The stage that analyses them; may be left out when there is only one.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="WHERE", help=f"Where to begin: {Where}.")] = None,
    end: Annotated[
        str, typer.Option("--to", metavar="WHERE", help="Where to stop, likewise; the end is where it is at the start.")
    ] = "end",
    generation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the replay. One that was begun before goes on where it was."),
    ] = None,
    results_topic: Annotated[
        str | None,
        typer.Option(
            metavar="TOPIC",
            help="Where the results go instead of the stage's own topic; made like that if it is not there.",
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0, help="Images a second at most, so that live work keeps its share; 0: no bound.")
    ] = 100.0,
    data_dir: Annotated[
        Path, typer.Option(envvar="DARKROOM_DATA_DIR", help="The data folder of the `darkroom up` that runs.")
    ] = Path("darkroom-data"),
    bootstrap_servers: Annotated[
        str | None, typer.Option(metavar="HOST:PORT,…", help="The Kafka, if it is not that of `darkroom up`.")
    ] = None,
    job: Annotated[
        Path | None,
        typer.Option(
            metavar="DEPLOYMENT.json",
            help="Print a Job for the cluster instead, made of the Deployment of the stage's workers; - is stdin.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Analyse old images again, with the model as it is now, beside live work and without disturbing it.

    Every image of the range gets a result with an id of its own, which names the generation. Ends by itself; broken
    off, it goes on with --generation NAME. Exit code 1 when an image could not be analysed.
    """
    import tempfile

    from darkroom_cli.exit_codes import InvalidInput
    from darkroom_cli.replay.job import read_deployment, replay_job
    from darkroom_cli.replay.request import request
    from darkroom_cli.replay.target import choose, targets_of_folder, targets_of_manifests
    from darkroom_cli.sessions.replay import Session
    from darkroom_cli.views.output import answer_json

    asked = request(start, end, results_topic, rate, generation)
    if job is not None:
        if manifests or pipeline or stage:
            raise InvalidInput(
                "--job takes the stage from the Deployment: leave PIPELINE.yaml, --pipeline, --stage out"
            )
        deployment = read_deployment(Path("/dev/stdin") if job == Path("-") else job)
        answer_json(replay_job(deployment, asked.generation, asked.arguments()))
        return
    with tempfile.TemporaryDirectory(prefix="darkroom-replay-") as name:
        folder = Path(name)
        targets = (
            targets_of_manifests(manifests, bootstrap_servers, data_dir, folder)
            if manifests
            else targets_of_folder(data_dir, bootstrap_servers)
        )
        session = Session(choose(targets, pipeline, stage), asked, as_json=as_json)
        raise typer.Exit(session.run(folder, folder / "worker.log"))
