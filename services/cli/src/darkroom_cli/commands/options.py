"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.exit_codes import InvalidInput

Manifests = Annotated[
    list[Path],
    typer.Argument(
        metavar="PIPELINE.yaml…", help="Files with ImagePipelines, and the ConfigMaps and Secrets they refer to."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
BootstrapServers = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT,…", help="The Kafka to use; by default that of `darkroom up`.", show_default=False),
]
KafkaConfig = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Settings of Kafka's client, one name=value on each line, as sasl.username=ada (librdkafka's names).",
        show_default=False,
    ),
]
DataDir = Annotated[Path, typer.Option(envvar="DARKROOM_DATA_DIR", help="Data folder of the running `darkroom up`.")]
DATA_DIR = Path("darkroom-data")
PipelineName = Annotated[
    str | None,
    typer.Option("--pipeline", "-p", metavar="NAMESPACE/NAME", help="The pipeline; optional when there is only one."),
]


def at_least_one(manifests: list[Path]) -> list[Path]:
    """`manifests` without duplicates.

    Raises:
        InvalidInput: `manifests` is empty.
    """
    if not manifests:
        raise InvalidInput("no manifest given: give at least one PIPELINE.yaml")
    return list(dict.fromkeys(manifests))
