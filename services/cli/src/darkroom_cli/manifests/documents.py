"""YAML documents with the line of every field."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

# The C loader is several times as fast, which matters for a model of some megabytes in base64.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Finding:
    """A problem or a note about one line of a file."""

    file: Path
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{location}: {self.path}: {self.message}" if self.path else f"{location}: {self.message}"

    def as_document(self) -> dict[str, str | int]:
        """The finding as JSON."""
        return {"file": str(self.file), "line": self.line, "path": self.path, "message": self.message}


@dataclass(frozen=True)
class Document:
    """One document of a YAML file."""

    file: Path
    data: dict[str, Any]
    node: Node

    @property
    def kind(self) -> str:
        """`kind`; empty if it is missing."""
        return str(self.data.get("kind") or "")

    @property
    def name(self) -> str:
        """`metadata.name`; empty if it is missing."""
        return str(self._metadata().get("name") or "")

    @property
    def namespace(self) -> str:
        """`metadata.namespace`, or the namespace `default`."""
        return str(self._metadata().get("namespace") or "default")

    def finding(self, path: str, message: str) -> Finding:
        """A finding about `path`, such as `spec.stages[0].name`."""
        return Finding(self.file, line_of(self.node, path), path, message)

    def _metadata(self) -> dict[str, Any]:
        metadata = self.data.get("metadata")
        return metadata if isinstance(metadata, dict) else {}


def read_documents(file: Path) -> tuple[list[Document], list[Finding]]:
    """The documents of `file`, and the problems of those that can't be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        return [], [Finding(file, 0, "", f"can't be read: {reason}")]
    documents: list[Document] = []
    findings: list[Finding] = []
    try:
        for node, data in parsed(text):
            findings += [Finding(file, line, "", message) for line, message in _repeated_keys(node)]
            if isinstance(data, dict):
                documents.append(Document(file, data, node))
            elif data is not None:
                findings.append(Finding(file, node.start_mark.line + 1, "", "not a manifest: expected a mapping"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = "YAML" if isinstance(error, ConstructorError) else "YAML syntax"
        findings.append(Finding(file, mark.line + 1 if mark else 0, "", f"{what}: {error.problem or error.context}"))
    except yaml.YAMLError as error:
        findings.append(Finding(file, 0, "", f"YAML syntax: {' '.join(str(error).split())}"))
    return documents, findings


def parsed(text: str) -> Iterator[tuple[Node, Any]]:
    """The YAML documents in `text`, each as a node and as data.

    Raises:
        YAMLError: the text is not valid YAML.
    """
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            yield node, loader.construct_document(node)
    finally:
        loader.dispose()


def line_of(node: Node, path: str) -> int:
    """The line of `path` below `node`, or of the deepest part of the path that exists."""
    line = int(node.start_mark.line) + 1
    for part in _parts(path):
        if isinstance(part, int) and isinstance(node, SequenceNode) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, MappingNode) and (found := entry(node, str(part))):
            line = found[0].start_mark.line + 1
            node = found[1]
        else:
            break
    return line


def _parts(path: str) -> list[str | int]:
    return [int(index) if index else name for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]


def entry(node: MappingNode, key: str) -> tuple[Node, Node] | None:
    """The key and the value of a field; None if the mapping does not have it."""
    return next(((k, v) for k, v in node.value if isinstance(k, ScalarNode) and k.value == key), None)


def _repeated_keys(node: Node) -> Iterator[tuple[int, str]]:
    """Duplicate fields. PyYAML silently uses the last one, but the API server rejects them."""
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value != "<<":
                if key.value in seen:
                    yield key.start_mark.line + 1, f"field {key.value!r} is given twice"
                seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item)
