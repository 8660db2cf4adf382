"""`darkroom model`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.commands.options import AsJson
from darkroom_cli.exit_codes import EXPLAINED, ExitCode, InvalidInput

app = typer.Typer(help="Inspect, run, compare and quantise an ONNX model, without Kafka.", no_args_is_help=True)

ModelFile = Annotated[Path, typer.Argument(metavar="MODEL.onnx", help="The ONNX file.")]
ModelFileOrUri = Annotated[
    str,
    typer.Argument(
        metavar="MODEL.onnx|URI", help="The ONNX file, or its URI: https://, s3://, gs://, hf:// or oci://."
    ),
]
Images = Annotated[
    list[Path], typer.Argument(metavar="IMAGES|FOLDER…", help="Image files, and folders to search for images.")
]
StageOption = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="PIPELINE.yaml#STAGE",
        help="Use the settings of this stage; by default those of the detected model family.",
    ),
]


@app.command(epilog=EXPLAINED)
def inspect(model: ModelFileOrUri, *, as_json: AsJson = False) -> None:
    """Show the contents of a model file, its model family and the reasons for it, and a stage block to copy.

    Exit code 1 if ONNX Runtime cannot load the model.
    """
    from darkroom_cli.models.detected import detected_block
    from darkroom_cli.models.source import model_source
    from darkroom_cli.views.inspection import inspection_document, inspection_lines
    from darkroom_cli.views.output import answer, answer_json
    from darkroom_vision.inspection import inspect_model
    from darkroom_vision.model.session import ModelNotFound

    source = model_source(model)
    try:
        found = inspect_model(source.path, external_data=source.external_data)
    except ModelNotFound as error:
        raise InvalidInput(str(error)) from error
    block = detected_block(found, source.uri) if found.family is not None else None
    if as_json:
        answer_json(inspection_document(found, block.as_document() if block else None))
    else:
        for line in inspection_lines(found, block.lines() if block else []):
            answer(line)
    if found.model is None:
        raise typer.Exit(ExitCode.FAILED)


@app.command(epilog=EXPLAINED)
def run(
    model: ModelFileOrUri,
    images: Images,
    *,
    stage: StageOption = None,
    draw: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="Save the images with their results drawn on them: to a file for one image, else to a folder. Labels "
            "with characters outside ASCII are drawn in a font of this machine.",
        ),
    ] = None,
    save_test: Annotated[
        str | None,
        typer.Option(
            metavar="PIPELINE.yaml#STAGE",
            help="Use the settings of this stage, and add the results to it as self-tests, which every worker has to "
            "pass before it takes images.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array instead of lines.")] = False,
) -> None:
    """Analyse images with a model, using the worker's code. Prints one line per image.

    Uses the settings of the model's family, as shown by `darkroom model inspect`, or of --stage. Exit code 1 if an
    image could not be analysed; then no self-test is saved.
    """
    from darkroom_cli.client.image_files import image_files
    from darkroom_cli.models.analysis import analyse_files
    from darkroom_cli.models.pictures import Pictures
    from darkroom_cli.models.self_tests import SavedTests
    from darkroom_cli.models.settings import prepared
    from darkroom_cli.models.source import model_source
    from darkroom_cli.views.outcome import outcome
    from darkroom_cli.views.output import JsonArray, answer, say

    files = image_files(images)
    pictures = Pictures.at(draw, files) if draw is not None else None
    if stage is not None and save_test is not None:
        raise InvalidInput("give --stage or --save-test, which uses the settings of its stage, but not both")
    source = model_source(model)
    saved = SavedTests.of(save_test, source.path) if save_test is not None else None
    found = prepared(source, stage or save_test)
    for question in found.questions:
        say(f"? {question}")
    failed = False
    with JsonArray(shown=as_json) as array:
        for analysed in analyse_files(found, files):
            failed |= analysed.failed
            if as_json:
                array.add(analysed.document)
            else:
                answer(f"{analysed.file}: {outcome(analysed.document)}")
            if pictures is not None and not analysed.failed:
                say(f"{pictures.save(analysed)} written")
            if saved is not None:
                saved.add(analysed)
    if pictures is not None and (problem := pictures.problem()) is not None:
        say(problem)
    if failed:
        raise typer.Exit(ExitCode.FAILED)
    if saved is not None:
        say(saved.write())


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
        float, typer.Option(min=0, max=1, help="Minimum agreement with the original. Below it, no file is written.")
    ] = 0.95,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Quantise a model to int8: smaller and often faster on CPUs, but less accurate.

    Calibrates on three quarters of the images and compares both models on the rest. If their agreement is below
    --threshold, no file is written and the exit code is 1. Requires the extra darkroom-cli[quantize].
    """
    from darkroom_cli.client.image_files import image_files
    from darkroom_cli.models.quantize import quantize as quantize_model
    from darkroom_cli.models.settings import prepared
    from darkroom_cli.models.source import ModelSource
    from darkroom_cli.models.targets import check_target
    from darkroom_cli.views.output import answer, answer_json, say

    target = output or file.with_name(f"{file.stem}.int8.onnx")
    check_target(target, replace=force)
    source = ModelSource(file, f"file:{file}")
    found = quantize_model(file, prepared(source, stage), image_files(images), target, threshold)
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
        answer(f"inference   {found.ms_before:.2f} -> {found.ms_after:.2f} ms per image")
    if not written:
        say(f"darkroom: not written: the agreement is below {threshold:.1%} (--threshold)")
        raise typer.Exit(ExitCode.FAILED)
    say(f"{target} written")


@app.command(epilog=EXPLAINED)
def check(model: ModelFileOrUri, images: Images, *, stage: StageOption = None, as_json: AsJson = False) -> None:
    """Compare preprocessing and results with a slow, independent implementation, and measure each step.

    Prints for every image the largest differences of the model's inputs (in levels of 256) and of its outputs, both
    results, and the time of each step in milliseconds. `preprocessing: Exact` has smaller differences than Fast.
    """
    from darkroom_cli.client.image_files import image_files
    from darkroom_cli.models.check import check_files
    from darkroom_cli.models.settings import prepared
    from darkroom_cli.models.source import model_source
    from darkroom_cli.views.output import JsonArray, answer

    files = image_files(images)
    found = prepared(model_source(model), stage)
    with JsonArray(shown=as_json) as array:
        for compared in check_files(found, files):
            if as_json:
                array.add(compared.as_document())
            else:
                for line in compared.lines():
                    answer(line)
