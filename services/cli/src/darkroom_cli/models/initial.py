"""Writes the first manifest for a model."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from darkroom.api.self_test import MAX_SELF_TESTS
from darkroom.errors import DarkroomError
from darkroom.names import DNS_LABEL_PATTERN, NAME_MAX_LENGTH
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.self_test_edits import SelfTestLines
from darkroom_cli.models.analysis import analyse_files
from darkroom_cli.models.detected import detected_block, pipeline_name, usable
from darkroom_cli.models.manifest import manifest
from darkroom_cli.models.self_tests import relative_uri, self_test
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


def write_manifest(model: Path, target: Path, *, name: str | None, samples: Sequence[Path], replace: bool) -> Written:
    """Write a manifest for `model` to `target`.

    Args:
        model: the ONNX file.
        target: the manifest to write; `model.uri` is relative to its folder.
        name: the name of the pipeline; None for the name of the model file.
        samples: images whose results become the stage's self-tests.
        replace: whether to overwrite an existing file at `target`.

    Raises:
        InvalidInput: the name is invalid, `target` exists, or the model or a sample can't be used.
    """
    name = name if name is not None else pipeline_name(model)
    if not re.fullmatch(DNS_LABEL_PATTERN, name) or len(name) > NAME_MAX_LENGTH:
        raise InvalidInput(f"--name {name}: a name has at most {NAME_MAX_LENGTH} of a-z, 0-9 and '-'")
    check_target(target, replace=replace)
    found = usable(model)
    block = detected_block(found, relative_uri(model, target))
    tests: list[SelfTestLines] = []
    try:
        ready = prepared_block(found, block)
    except ModelError as error:
        block = dataclasses.replace(block, questions=[*block.questions, f"The stage does not start yet. {error}"])
    else:
        tests = _self_tests(ready, samples, target)
    try:
        target.write_text(manifest(name, model, target, block, tests), encoding="utf-8")
    except OSError as error:
        raise DarkroomError(f"{target} can't be written: {error.strerror or error}") from error
    return Written(name, block, block.comments["output.type"])


def _self_tests(ready: Prepared, samples: Sequence[Path], target: Path) -> list[SelfTestLines]:
    if len(samples) > MAX_SELF_TESTS:
        raise InvalidInput(
            f"--sample: there are {len(samples)} images: a stage has at most {MAX_SELF_TESTS} self-tests"
        )
    tests = []
    for analysed in analyse_files(ready, samples):
        if analysed.failed:
            raise InvalidInput(f"--sample {analysed.file}: {outcome(analysed.document)}")
        tests.append(self_test(analysed, target))
    return tests
