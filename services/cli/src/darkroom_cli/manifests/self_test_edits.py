"""Adding self-tests to the text of a manifest, which keeps its comments and formatting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from darkroom.errors import DarkroomError
from darkroom_cli.manifests.documents import entry, parsed


class CannotEdit(DarkroomError):
    """The text cannot be edited without rewriting other parts of it."""


@dataclass(frozen=True)
class SelfTestLines:
    """A self-test as YAML, without indentation.

    Attributes:
        image: the URI of the image.
        lines: the item of the list `selfTest`; the first line begins with a dash.
        expect: the lines of its field `expect`.
    """

    image: str
    lines: Sequence[str]
    expect: Sequence[str]


def with_self_test(text: str, line: int, stage: int, test: SelfTestLines) -> str:
    """`text` with a self-test added to a stage. A test with the same image gets the new `expect`.

    Args:
        text: YAML documents.
        line: the line at which the pipeline's document begins, counted from 0.
        stage: the position of the stage in the pipeline.
        test: the test.

    Raises:
        CannotEdit: the stage, or its self-tests, are in flow style or shared by an alias.
    """
    node, before = _document(text, line)
    edited = _edited(text, _stage(node, stage), test)
    _, after = _document(edited, line)
    if _without_self_tests(before, stage) != _without_self_tests(after, stage):
        raise CannotEdit("the stage is shared by an alias")
    return edited


def _document(text: str, line: int) -> tuple[Node, Any]:
    return next((node, data) for node, data in parsed(text) if node.start_mark.line == line)


def _stage(document: Node, number: int) -> MappingNode:
    node = document
    for key in ("spec", "stages"):
        found = entry(node, key) if isinstance(node, MappingNode) else None
        assert found is not None  # noqa: S101 - the pipeline is valid
        node = found[1]
    stage = node.value[number]
    if not isinstance(stage, MappingNode) or stage.flow_style:
        raise CannotEdit("the stage is in flow style, { }")
    return stage


def _edited(text: str, stage: MappingNode, test: SelfTestLines) -> str:
    found = entry(stage, "selfTest")
    lines = text.splitlines(keepends=True)
    if found is None:
        at = _end_with_comments(lines, stage, stage.start_mark.column)
        return _spliced(lines, at, at, ["selfTest:", *_indented(test.lines, 2)], stage.start_mark.column)
    key, tests = found
    if not isinstance(tests, SequenceNode) or (tests.flow_style and tests.value):
        raise CannotEdit("selfTest is in flow style, [ ]")
    if not tests.value:
        new = ["selfTest:", *_indented(test.lines, 2)]
        return _spliced(lines, key.start_mark.line, _end(tests), new, stage.start_mark.column)
    for item in tests.value:
        if (old := _expect_of(item, test.image)) is not None:
            return _spliced(lines, old[0].start_mark.line, _end(old[1]), test.expect, old[0].start_mark.column)
    column = tests.start_mark.column
    at = _end_with_comments(lines, tests, column + 1)
    return _spliced(lines, at, at, test.lines, column)


def _expect_of(item: Node, image: str) -> tuple[Node, Node] | None:
    """The field `expect` of a self-test, key and value; None if it has another image."""
    if not isinstance(item, MappingNode) or (found := entry(item, "image")) is None or found[1].value != image:
        return None
    if item.flow_style:
        raise CannotEdit("the self-test of this image is in flow style, { }")
    return entry(item, "expect")


def _spliced(lines: Sequence[str], start: int, end: int, new: Sequence[str], column: int) -> str:
    """The text of `lines`, those from `start` to `end` replaced by `new` at `column`."""
    line_break = "\r\n" if any(line.endswith("\r\n") for line in lines[:1]) else "\n"
    before = [line if line.endswith(("\n", "\r")) else line + line_break for line in lines[:start]]
    # The first line may begin with the dash of a list.
    lead = lines[start][:column] if start < end else " " * column
    indented = [lead + new[0], *_indented(new[1:], column)]
    return "".join([*before, *(line + line_break for line in indented), *lines[end:]])


def _indented(lines: Sequence[str], column: int) -> list[str]:
    return [" " * column + line for line in lines]


def _end_with_comments(lines: Sequence[str], node: Node, column: int) -> int:
    """The line after a block and the comments that follow it, indented by at least `column`."""
    at = _end(node)
    while at < len(lines) and lines[at].lstrip().startswith("#") and _indent(lines[at]) >= column:
        at += 1
    return at


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _end(node: Node) -> int:
    """The line after the last line of a node. The end of a block is marked at the next token, so its parts tell."""
    if isinstance(node, MappingNode) and node.value and not node.flow_style:
        return max(_end(part) for pair in node.value for part in pair)
    if isinstance(node, SequenceNode) and node.value and not node.flow_style:
        return max(map(_end, node.value))
    mark = node.end_mark
    is_next_line = isinstance(node, ScalarNode) and mark.column == 0 and mark.line > node.start_mark.line
    return int(mark.line) + (0 if is_next_line else 1)


def _without_self_tests(document: Mapping[str, Any], stage: int) -> Any:
    spec = document["spec"]
    stages = [
        {key: value for key, value in one.items() if key != "selfTest" or i != stage}
        for i, one in enumerate(spec["stages"])
    ]
    return {**document, "spec": {**spec, "stages": stages}}
