"""Self-tests made of results, and saved in a manifest."""

import hashlib
import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from darkroom.api.validation import InvalidPipeline, parse_pipeline
from darkroom.errors import DarkroomError
from darkroom.files.checksums import sha256_of
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.documents import parsed
from darkroom_cli.manifests.references import Inline, OnDisk, find
from darkroom_cli.manifests.self_test_edits import CannotEdit, SelfTestLines, with_self_test
from darkroom_cli.manifests.stages import ChosenStage, chosen_stage
from darkroom_cli.models.analysis import Analysed
from darkroom_cli.models.stage_block import flow_style
from darkroom_vision.self_test.saved import expectation

_WIDTH = 100


def relative_uri(file: Path, manifest: Path) -> str:
    """The `file:` URI of `file`, relative to the folder of `manifest`."""
    return f"file:{quote(os.path.relpath(file.resolve(), manifest.resolve().parent))}"


def self_test(analysed: Analysed, manifest: Path) -> SelfTestLines:
    """The self-test that expects the result of an image."""
    expect, notes = expectation(dict(analysed.document))
    image = relative_uri(analysed.file, manifest)
    expect_lines = ["expect:", *_block(expect, "  ")]
    comments = [f"# {note}" for note in notes]
    return SelfTestLines(
        image, [f"- image: {flow_style(image)}", *(f"  {line}" for line in [*comments, *expect_lines])], expect_lines
    )


@dataclass(frozen=True)
class SavedTests:
    """Self-tests to add to a stage in its manifest."""

    chosen: ChosenStage
    tests: list[SelfTestLines] = field(default_factory=list)

    @classmethod
    def of(cls, reference: str, model: Path) -> Self:
        """No tests yet, of the stage that PIPELINE.yaml#STAGE names.

        Raises:
            InvalidInput: there is no such stage, or its model is known and another than that of the file `model`.
        """
        chosen = chosen_stage(reference)
        known = _known_sha256(chosen)
        if known is not None and model.is_file() and known != sha256_of(model):
            raise InvalidInput(
                f'stage "{chosen.stage.name}" has another model than {model}: it would fail self-tests with its results'
            )
        return cls(chosen)

    def add(self, analysed: Analysed) -> None:
        """Add the result of an image."""
        if not analysed.failed:
            self.tests.append(self_test(analysed, self.chosen.loaded.document.file))

    def write(self) -> str:
        """Write the manifest. Tests of the same images are replaced. Returns what was done, as a sentence.

        Raises:
            InvalidInput: the manifest cannot be edited, with the block to add to it; or it would become invalid.
            DarkroomError: the manifest cannot be written.
        """
        document = self.chosen.loaded.document
        try:
            with document.file.open(encoding="utf-8", newline="") as file:
                text = file.read()
            text = self._added_to(text, document.node.start_mark.line)
            with document.file.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise DarkroomError(f"{document.file} can't be written: {error.strerror or error}") from error
        count = f"{len(self.tests)} self-tests" if len(self.tests) > 1 else "the self-test"
        return f'{document.file}: {count} of stage "{self.chosen.stage.name}" saved'

    def _added_to(self, text: str, line: int) -> str:
        file = self.chosen.loaded.document.file
        try:
            for test in self.tests:
                text = with_self_test(text, line, self.chosen.number, test)
            parse_pipeline(next(data for node, data in parsed(text) if node.start_mark.line == line))
        except CannotEdit as error:
            block = "\n".join(["selfTest:", *(f"  {one}" for test in self.tests for one in test.lines)])
            raise InvalidInput(f"{file}: {error}. Add this to the stage:\n{block}") from error
        except InvalidPipeline as error:
            raise InvalidInput(f"{file}: the self-tests cannot be added: {error}") from error
        return text


def _known_sha256(chosen: ChosenStage) -> str | None:
    """The checksum of the stage's model, if the manifest or this machine has it."""
    model = chosen.stage.model
    match find(model.uri, chosen.loaded, chosen.bundle):
        case Inline(content=content):
            return hashlib.sha256(content).hexdigest()
        case OnDisk(path=path):
            return sha256_of(path)
    return model.sha256


def _block(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    """A mapping in block style, its small parts in flow style."""
    for key, part in value.items():
        if isinstance(part, dict) and any(isinstance(inner, list) and len(inner) > 1 for inner in part.values()):
            yield f"{indent}{key}:"
            yield from _block(part, f"{indent}  ")
        elif isinstance(part, list) and part and isinstance(part[0], dict):
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {flow_style(one)}" for one in part)
        elif isinstance(part, list):
            first, *rest = textwrap.wrap(flow_style(part), _WIDTH, break_on_hyphens=False) or ["[]"]
            yield f"{indent}{key}: {first}"
            yield from (f"{indent}  {line}" for line in rest)
        else:
            yield f"{indent}{key}: {flow_style(part)}"
