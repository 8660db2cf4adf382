"""The pipelines, ConfigMaps and Secrets in a set of manifest files."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.validation import InvalidPipeline, parse_pipeline
from darkroom_cli.manifests.documents import Document, Finding, read_documents

Key = tuple[str, str]
"""Namespace and name."""

_SILENTLY_IGNORED = {"Namespace"}
_ENTRY_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


@dataclass(frozen=True)
class LoadedPipeline:
    """A pipeline and the document it was read from."""

    pipeline: ImagePipeline
    document: Document

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return self.pipeline.namespace, self.pipeline.name


@dataclass(frozen=True)
class Bundle:
    """Everything in a set of files.

    Attributes:
        pipelines: the valid pipelines, in the order of the files.
        config_maps: the decoded entries of ConfigMaps.
        secrets: the decoded entries of Secrets.
        problems: the errors in the files.
        notes: what was ignored in the files.
    """

    pipelines: list[LoadedPipeline] = field(default_factory=list)
    config_maps: dict[Key, Mapping[str, bytes]] = field(default_factory=dict)
    secrets: dict[Key, Mapping[str, bytes]] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)


def load_bundle(files: Sequence[Path]) -> Bundle:
    """Everything in `files`. Never raises: errors are in the bundle's `problems`."""
    bundle = Bundle()
    for file in files:
        documents, problems = read_documents(file)
        bundle.problems.extend(problems)
        for document in documents:
            _add(bundle, document)
    return bundle


def _add(bundle: Bundle, document: Document) -> None:
    key = (document.namespace, document.name)
    match document.kind:
        case "ImagePipeline":
            _add_pipeline(bundle, document)
        case "ConfigMap":
            bundle.config_maps[key] = _entries(bundle, document, text="data", encoded="binaryData")
        case "Secret":
            bundle.secrets[key] = _entries(bundle, document, text="stringData", encoded="data")
        case "":
            bundle.problems.append(document.finding("", "not a manifest: kind is missing"))
        case kind if kind not in _SILENTLY_IGNORED:
            bundle.notes.append(document.finding("", f"{kind} {document.name} is ignored: this kind is not used here"))


def _add_pipeline(bundle: Bundle, document: Document) -> None:
    try:
        loaded = LoadedPipeline(parse_pipeline(document.data), document)
    except InvalidPipeline as invalid:
        findings = [document.finding(problem.path, problem.message) for problem in invalid.problems]
        bundle.problems.extend(sorted(findings, key=lambda finding: finding.line))
        return
    earlier = next((other for other in bundle.pipelines if other.key == loaded.key), None)
    if earlier is not None:
        where = f"{earlier.document.file}:{earlier.document.finding('', '').line}"
        message = f"pipeline {'/'.join(loaded.key)} is already defined at {where}: rename one of them"
        bundle.problems.append(document.finding("metadata.name", message))
        return
    bundle.pipelines.append(loaded)


def _entries(bundle: Bundle, document: Document, *, text: str, encoded: str) -> dict[str, bytes]:
    entries: dict[str, bytes] = {}
    for section in (text, encoded):
        values = document.data.get(section)
        if values is None:
            continue
        if not isinstance(values, dict):
            bundle.problems.append(document.finding(section, "must be a mapping of keys to strings"))
            continue
        for key, value in values.items():
            path = f"{section}.{key}"
            if key in {".", ".."} or not _ENTRY_KEY.fullmatch(str(key)):
                bundle.problems.append(
                    document.finding(path, "a key may contain only letters, digits, '-', '_' and '.'")
                )
            elif not isinstance(value, str):
                bundle.problems.append(document.finding(path, f"must be a string, not {value!r:.80}: put it in quotes"))
            elif section == text:
                entries[str(key)] = value.encode()
            else:
                try:
                    entries[str(key)] = base64.b64decode("".join(value.split()), validate=True)
                except (binascii.Error, ValueError) as error:
                    bundle.problems.append(document.finding(path, f"is not base64: {error}"))
    return entries
