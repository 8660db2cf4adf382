"""Writes the first manifest for a model."""

import dataclasses
import os
import re
from pathlib import Path
from urllib.parse import quote

from darkroom.errors import DarkroomError
from darkroom.names import DNS_LABEL_PATTERN, NAME_MAX_LENGTH
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.models.analysis import analyse_files
from darkroom_cli.models.detected import detected_block, pipeline_name, usable
from darkroom_cli.models.manifest import manifest
from darkroom_cli.models.settings import Prepared, prepared_block
from darkroom_cli.models.stage_block import StageBlock
from darkroom_cli.models.targets import check_target
from darkroom_cli.views.outcome import outcome
from darkroom_vision.model.session import ModelError


@dataclasses.dataclass(frozen=True)
class Written:
    """The pipeline's name, stage and model family in a written manifest."""

    name: str
    block: StageBlock
    family: str


def write_manifest(model: Path, target: Path, *, name: str | None, sample: Path | None, replace: bool) -> Written:
    """Write a manifest for `model` to `target`.

    Args:
        model: the ONNX file.
        target: the manifest to write; `model.uri` is relative to its folder.
        name: the name of the pipeline; None for the name of the model file.
        sample: an image whose result is added as a comment.
        replace: whether to overwrite an existing file at `target`.

    Raises:
        InvalidInput: the name is invalid, `target` exists, or the model or the sample can't be used.
    """
    name = name if name is not None else pipeline_name(model)
    if not re.fullmatch(DNS_LABEL_PATTERN, name) or len(name) > NAME_MAX_LENGTH:
        raise InvalidInput(f"--name {name}: a name has at most {NAME_MAX_LENGTH} of a-z, 0-9 and '-'")
    check_target(target, replace=replace)
    found = usable(model)
    assert found.family is not None  # noqa: S101 - it is usable
    block = detected_block(found, _uri(model, target))
    noted: list[str] = []
    try:
        ready = prepared_block(found, block)
    except ModelError as error:
        block = dataclasses.replace(block, questions=[*block.questions, f"The stage does not start yet. {error}"])
    else:
        noted = _answer(ready, sample) if sample is not None else []
    try:
        target.write_text(manifest(name, model, target, block, noted), encoding="utf-8")
    except OSError as error:
        raise DarkroomError(f"{target} can't be written: {error.strerror or error}") from error
    return Written(name, block, found.family.name)


def _uri(model: Path, target: Path) -> str:
    """Relative to the manifest's folder."""
    return f"file:{quote(os.path.relpath(model.resolve(), target.resolve().parent))}"


def _answer(ready: Prepared, sample: Path) -> list[str]:
    (analysed,) = analyse_files(ready, [sample])
    if analysed.failed:
        raise InvalidInput(f"--sample {sample}: {outcome(analysed.document)}")
    return [f"      # {sample.name}: {outcome(analysed.document)}"]
