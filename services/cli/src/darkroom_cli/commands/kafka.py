"""`darkroom kafka`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.exit_codes import EXPLAINED

app = typer.Typer(help="Run a Kafka broker on this machine, without a pipeline.", no_args_is_help=True)


@app.command(epilog=EXPLAINED)
def start(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port for clients; 0 chooses a free one.")] = 9092,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Folder for the broker's data; by default a temporary folder, removed at the end."),
    ] = None,
) -> None:
    """Start a single-node Kafka, and stop it on Ctrl-C.

    Prints "ready: HOST:PORT" on stdout once the broker is ready. Java is not required: the JVM comes from PyPI, and
    Kafka's jars are downloaded once (44 MB, verified by SHA-256). The JVM adds the options in the environment variable
    JDK_JAVA_OPTIONS: with -XX:TieredStopAtLevel=1, a broker that runs for seconds, as in a test, is usable sooner.
    """
    from darkroom_cli.sessions.kafka import run_kafka

    raise typer.Exit(run_kafka(port, data_dir))
