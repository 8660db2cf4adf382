"""The stage settings for a model: those of a manifest, or of the model's family."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.api.pipeline import Stage
from darkroom.api.validation import InvalidPipeline, parse_pipeline
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import LoadedPipeline
from darkroom_cli.manifests.references import Inline, OnDisk, find
from darkroom_cli.manifests.stages import ChosenStage, chosen_stage
from darkroom_cli.models.detected import detected_block, usable
from darkroom_cli.models.source import ModelSource
from darkroom_cli.models.stage_block import StageBlock
from darkroom_vision.analyse import LoadedStage, prepare
from darkroom_vision.inspection import Inspection
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.session import ModelNotFound, load_model
from darkroom_vision.sources.files import label_lines


@dataclass(frozen=True)
class Prepared:
    """A model with its settings, ready to analyse images."""

    stage: Stage
    labels: Sequence[str] | None
    loaded: LoadedStage
    questions: Sequence[str] = ()


def prepared(source: ModelSource, reference: str | None) -> Prepared:
    """A model with the settings of `reference`; with those of its family if `reference` is None.

    Args:
        source: the model file.
        reference: PIPELINE.yaml#STAGE; STAGE is optional if there is only one.

    Raises:
        InvalidInput: the model or the manifest does not exist, or they do not match.
        DarkroomError: the model can't be run.
    """
    try:
        if reference is not None:
            return prepared_stage(source, chosen_stage(reference))
        found = usable(source.path, source.external_data)
        return prepared_block(found, detected_block(found, source.uri))
    except (ModelNotFound, ModelMismatch) as error:
        raise InvalidInput(str(error)) from error


def prepared_stage(source: ModelSource, chosen: ChosenStage) -> Prepared:
    """A model with the settings of a stage in a manifest.

    Raises:
        InvalidInput: its labels can't be read.
        ModelError: model and stage do not fit each other, or the model fails on a blank image.
    """
    labels = _labels_of(chosen)
    model = load_model(source.path, external_data=source.external_data)
    return Prepared(chosen.stage, labels, prepare(model, chosen.stage, labels))


def prepared_block(found: Inspection, block: StageBlock) -> Prepared:
    """A model that loads, with the settings of `block`.

    Raises:
        InvalidInput: the block breaks a rule of ImagePipeline, or its labels can't be read.
        ModelError: model and block do not fit each other, or the model fails on a blank image.
    """
    assert found.model is not None  # noqa: S101 - it loads
    stage = stage_of(block)
    labels = _labels(block, found.path)
    return Prepared(stage, labels, prepare(found.model, stage, labels), block.questions)


def stage_of(block: StageBlock) -> Stage:
    """The stage of a block.

    Raises:
        InvalidInput: the block violates a rule of ImagePipeline.
    """
    manifest = {
        "apiVersion": "darkroom.dev/v1alpha1",
        "kind": "ImagePipeline",
        "metadata": {"name": "model"},
        "spec": {"kafka": {"bootstrapServers": "localhost:9092"}, "stages": [block.as_document()]},
    }
    try:
        return parse_pipeline(manifest).spec.stages[0]
    except InvalidPipeline as invalid:
        raise InvalidInput("\n".join(f"{problem.path}: {problem.message}" for problem in invalid.problems)) from invalid


def _labels(block: StageBlock, model: Path) -> list[str] | None:
    uri = block.output.get("labelsUri")
    if uri is None:
        return None
    return _lines(model.with_name(str(uri).removeprefix("file:").rpartition("/")[2]), block.output["type"])


def _labels_of(chosen: ChosenStage) -> list[str] | None:
    output = chosen.stage.output
    if output.labels_uri is None:
        return None
    referred = find(output.labels_uri, chosen.loaded, chosen.bundle)
    return _labels_at(output.labels_uri, output.type, chosen.loaded, referred)


def _labels_at(uri: str, output_type: str, loaded: LoadedPipeline, referred: object) -> list[str]:
    match referred:
        case Inline(content=content):
            return label_lines(content.decode("utf-8-sig", errors="replace"), output_type)
        case OnDisk(path=path):
            return _lines(path, output_type)
    raise InvalidInput(f"{'/'.join(loaded.key)}: the labels {uri} are not on this machine: use file:PATH")


def _lines(path: Path, output_type: str) -> list[str]:
    try:
        return label_lines(path.read_text(encoding="utf-8-sig"), output_type)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"labels {path} can't be read as text: {error}") from error
