"""`darkroom kafka`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.exit_codes import EXPLAINED

app = typer.Typer(help="A Kafka on this machine, without any pipeline.", no_args_is_help=True)


@app.command(epilog=EXPLAINED)
def start(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where clients find it; 0 is any free port.")] = 9092,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where its data is kept; a temporary folder, removed at the end, when left out.")
    ] = None,
) -> None:
    """Start a real single-node Kafka, and stop it on Ctrl-C.

    Prints "ready: HOST:PORT" on stdout when it answers. Needs no Java: its JVM comes from PyPI, its jars are downloaded
    once (44 MB, checked by their sha256).
    """
    from darkroom_cli.sessions.kafka import run_kafka

    raise typer.Exit(run_kafka(port, data_dir))
