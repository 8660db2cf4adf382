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
