"""`darkroom submit`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.commands.connection import Connection, connects
from darkroom_cli.commands.options import AsJson, PipelineName


@connects
def submit(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILES|FOLDER…", help="Image files, and folders to search for images.")
    ],
    *,
    pipeline: PipelineName = None,
    key: Annotated[
        str | None,
        typer.Option(help="Ordering key of all the images: they are sent one at a time and analysed in that order."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until every stage has analysed the image.")] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the results of an image, with --wait.")
    ] = 60.0,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Number of images to send at a time.")] = 8,
    as_json: AsJson = False,
    connection: Connection,
) -> None:
    """Send images. Retries while the service is busy; each image is accepted exactly once.

    Exit code 0 if every image was accepted (with --wait: analysed by every stage), else 1.
    """
    from darkroom_cli.client.image_files import image_files
    from darkroom_cli.client.pipelines import choose
    from darkroom_cli.client.submission import Submission
    from darkroom_cli.sessions.connect import connected
    from darkroom_cli.sessions.submit import report

    files = image_files(paths)
    # Images that are sent at the same time could arrive in any order.
    at_a_time = 1 if key is not None else parallel
    with connected(connection.target(), at_a_time) as service:
        submission = Submission(choose(service, pipeline), key, timeout if wait else 0.0)
        raise typer.Exit(report(service, submission, files, at_a_time, as_json=as_json))
