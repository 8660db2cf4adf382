"""`darkroom model`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.commands.options import AsJson
from darkroom_cli.exit_codes import EXPLAINED, ExitCode, InvalidInput

app = typer.Typer(help="Look at an ONNX model and try it, without Kafka.", no_args_is_help=True)

ModelFile = Annotated[Path, typer.Argument(metavar="MODEL.onnx", help="The ONNX file.")]
Images = Annotated[list[Path], typer.Argument(metavar="IMAGES|FOLDER…", help="Image files, and folders of them.")]
StageOption = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="PIPELINE.yaml#STAGE",
        help="Use the settings of this stage, in place of those of the detected family.",
    ),
]


@app.command(epilog=EXPLAINED)
def inspect(file: ModelFile, *, as_json: AsJson = False) -> None:
    """Show what a model file holds, which family of models it belongs to and why, and a stage block to paste.

    Exit code 1 if ONNX Runtime cannot load the model.
    """
    from darkroom_cli.models.detected import detected_block
    from darkroom_cli.views.inspection import inspection_document, inspection_lines
    from darkroom_cli.views.output import answer, answer_json
    from darkroom_vision.inspection import inspect_model
    from darkroom_vision.model.session import ModelNotFound

    try:
        found = inspect_model(file)
    except ModelNotFound as error:
        raise InvalidInput(str(error)) from error
    block = detected_block(found, f"file:{file}") if found.family is not None else None
    if as_json:
        answer_json(inspection_document(found, block.as_document() if block else None))
    else:
        for line in inspection_lines(found, block.lines() if block else []):
            answer(line)
    if found.model is None:
        raise typer.Exit(ExitCode.FAILED)


@app.command(epilog=EXPLAINED)
def run(
    file: ModelFile,
    images: Images,
    *,
    stage: StageOption = None,
    draw: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="Save the pictures with their results drawn: to a file for one image, else to a folder.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array instead of lines.")] = False,
) -> None:
    """Analyse images with a model, with the worker's own code. Prints a line per image.

    The settings are those of the model's family, as `darkroom model inspect` shows them, or those of --stage.
    Exit code 1 if an image could not be analysed.
    """
    from darkroom_cli.client.image_files import image_files
    from darkroom_cli.models.analysis import analyse_files
    from darkroom_cli.models.pictures import Pictures
    from darkroom_cli.models.settings import prepared
    from darkroom_cli.views.outcome import outcome
    from darkroom_cli.views.output import JsonArray, answer, say

    files = image_files(images)
    pictures = Pictures.at(draw, files) if draw is not None else None
    found = prepared(file, stage)
    for question in found.questions:
        say(f"? {question}")
    failed = False
    with JsonArray(shown=as_json) as array:
        for analysed in analyse_files(found.loaded, files):
            failed |= analysed.failed
            if as_json:
                array.add(analysed.document)
            else:
                answer(f"{analysed.file}: {outcome(analysed.document)}")
            if pictures is not None and not analysed.failed:
                say(f"{pictures.save(analysed)} written")
    if failed:
        raise typer.Exit(ExitCode.FAILED)


@app.command(epilog=EXPLAINED)
def quantize(
    file: ModelFile,
    images: Images,
    *,
    stage: StageOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The file to write; by default MODEL.int8.onnx."),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="The least agreement with the original at which the file is written.")
    ] = 0.95,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Quantise a model to int8: smaller and often faster on a CPU, at some cost in accuracy.

    Calibrates on three quarters of the images and compares both models on the rest. Nothing is written, and the exit
    code is 1, if they agree less than --threshold. Needs the extra darkroom-cli[quantize].
    """
    from darkroom_cli.client.image_files import image_files
    from darkroom_cli.models.quantize import quantize as quantize_model
    from darkroom_cli.models.settings import prepared
    from darkroom_cli.views.output import answer, answer_json, say

    target = output or file.with_name(f"{file.stem}.int8.onnx")
    if target.exists() and not force:
        raise InvalidInput(f"{target} exists: give another file with -o, or --force to replace it")
    found = quantize_model(file, prepared(file, stage), image_files(images), target, threshold)
    written = found.agreement >= threshold
    if as_json:
        names = {
            "agreement": found.agreement,
            "calibratedOn": found.calibrated_on,
            "measuredOn": found.measured_on,
            "bytesBefore": found.bytes_before,
            "bytesAfter": found.bytes_after,
            "msBefore": found.ms_before,
            "msAfter": found.ms_after,
        }
        answer_json(names | {"threshold": threshold, "written": str(target) if written else None})
    else:
        answer(f"agreement   {found.agreement:.1%} on {found.measured_on} images (calibrated on {found.calibrated_on})")
        answer(f"size        {found.bytes_before:,} -> {found.bytes_after:,} bytes")
        answer(f"inference   {found.ms_before:.2f} -> {found.ms_after:.2f} ms an image")
    if not written:
        say(f"darkroom: not written: the agreement is below {threshold:.1%} (--threshold)")
        raise typer.Exit(ExitCode.FAILED)
    say(f"{target} written")


@app.command(epilog=EXPLAINED)
def check(file: ModelFile, images: Images, *, stage: StageOption = None, as_json: AsJson = False) -> None:
    """Compare pre-processing and answers with a slow, independent implementation, and time each step.

    Prints, for each image, the largest differences of the model's inputs, in levels of 256, and of its outputs; both
    answers; and the milliseconds of each step. With `preprocessing: Exact` the inputs are closer than with Fast.
    """
    from darkroom_cli.client.image_files import image_files
    from darkroom_cli.models.check import check_files
    from darkroom_cli.models.settings import prepared
    from darkroom_cli.views.output import JsonArray, answer

    files = image_files(images)
    found = prepared(file, stage)
    with JsonArray(shown=as_json) as array:
        for compared in check_files(found, files):
            if as_json:
                array.add(compared.as_document())
            else:
                for line in compared.lines():
                    answer(line)
