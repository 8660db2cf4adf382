"""`darkroom init`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.commands.model import ModelFile


def init(
    file: ModelFile,
    *,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the pipeline; by default the name of the model file.", show_default=False),
    ] = None,
    sample: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="IMAGE",
            help="Analyse this image, and add the result to the manifest as a self-test, which every worker has to "
            "pass before it takes images. Can be given several times.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The manifest to write.")] = Path(
        "pipeline.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a pipeline manifest for an ONNX model.

    Reads settings from the model file, a trial run, and preprocessor_config.json, config.json and labels.txt next to
    the model. Settings that could not be determined are in the manifest as comments that start with "# ?".
    """
    from darkroom_cli.models.initial import write_manifest
    from darkroom_cli.views.output import answer, say

    written = write_manifest(file, output, name=name, samples=sample or (), replace=force)
    answer(f"{output}: {written.name}, stage {written.block.name} ({written.family})")
    for question in written.block.questions:
        say(f"? {question}")
    say(f"Try it: darkroom model run {file} IMAGE --stage {output}; run it: darkroom up {output}")
