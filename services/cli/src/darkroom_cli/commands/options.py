"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.exit_codes import InvalidInput

DEFAULT_URL = "http://127.0.0.1:8080"

Manifests = Annotated[
    list[Path],
    typer.Argument(metavar="PIPELINE.yaml…", help="Manifests: ImagePipelines, with their ConfigMaps and Secrets."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Url = Annotated[str, typer.Option(envvar="DARKROOM_URL", help="Where the service listens, as `darkroom up` prints it.")]
PipelineName = Annotated[
    str | None,
    typer.Option(
        "--pipeline", "-p", metavar="NAMESPACE/NAME", help="The pipeline; may be left out when only one is served."
    ),
]


def at_least_one(manifests: list[Path]) -> list[Path]:
    """`manifests`, each once.

    Raises:
        InvalidInput: there are none.
    """
    if not manifests:
        raise InvalidInput("no manifest given: name at least one PIPELINE.yaml")
    return list(dict.fromkeys(manifests))
