"""The inspection of a model file, as lines and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from darkroom_cli.client.service import Document
from darkroom_vision.families import Family
from darkroom_vision.inspection import Inspection
from darkroom_vision.model.contents import Contents
from darkroom_vision.model.session import Port, shape_text

_OPERATORS_SHOWN = 12
_LABELS_SHOWN = 8
_VALUE_SHOWN = 100


def inspection_lines(found: Inspection, block: Sequence[str]) -> Iterator[str]:
    """The inspection, and the stage block to copy."""
    yield from _file_lines(found)
    for title, ports in (("input", found.model.inputs), ("output", found.model.outputs)) if found.model else ():
        for port in ports:
            yield _line(title, f"{port.name}: {port.type} {shape_text(port.shape)}")
    for key, value in found.metadata.custom.items():
        shown = " ".join(value.split())
        yield _line("metadata", f"{key} = {shown[:_VALUE_SHOWN]}{'…' if len(shown) > _VALUE_SHOWN else ''}")
    if found.problem is not None:
        yield _line("problem", " ".join(found.problem.split()))
    if found.missing:
        yield _line("missing", f"this runtime has no {', '.join(map(str, found.missing))}")
    if found.family is not None:
        yield from _family_lines(found.family)
        yield ""
        yield from block


def _file_lines(found: Inspection) -> Iterator[str]:
    yield _line("file", f"{found.path} ({found.size:,} bytes)")
    if found.model is not None:
        yield _line("sha256", found.model.sha256)
    yield _line("producer", found.metadata.producer or "unknown")
    if found.contents is not None:
        opsets = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in found.metadata.opsets.items())
        yield _line("opset", f"{opsets or 'unknown'}; IR version {found.metadata.ir_version or 'unknown'}")
        yield _line("parameters", f"{found.contents.parameters:,}")
        yield _line("operators", _operators(found.contents))


def _family_lines(family: Family) -> Iterator[str]:
    yield _line("family", f"{family.name}: type {family.type}" + (f", format {family.format}" if family.format else ""))
    for reason in family.reasons:
        yield _line("because", reason)
    if family.labels:
        more = f", … ({len(family.labels)} in all)" if len(family.labels) > _LABELS_SHOWN else ""
        yield _line("labels", ", ".join(family.labels[:_LABELS_SHOWN]) + more)
    for question in family.questions:
        yield _line("question", question)


def inspection_document(found: Inspection, block: Document | None) -> Document:
    """The inspection as JSON; `stage` is the stage block to copy."""
    model, contents, family = found.model, found.contents, found.family
    return {
        "file": str(found.path),
        "bytes": found.size,
        "sha256": model.sha256 if model else None,
        "producer": found.metadata.producer,
        "opsets": {domain or "ai.onnx": version for domain, version in found.metadata.opsets.items()},
        "irVersion": found.metadata.ir_version,
        "parameters": contents.parameters if contents else None,
        "operators": {str(operator): count for operator, count in contents.operators.items()} if contents else None,
        "missingOperators": [str(operator) for operator in found.missing],
        "inputs": [_port(port) for port in model.inputs] if model else None,
        "outputs": [_port(port) for port in model.outputs] if model else None,
        "metadata": dict(found.metadata.custom),
        "problem": found.problem,
        "family": {
            "name": family.name,
            "type": family.type,
            "format": family.format,
            "preset": family.preset,
            "classes": family.classes,
            "labels": list(family.labels),
            "reasons": list(family.reasons),
            "questions": list(family.questions),
        }
        if family
        else None,
        "stage": block,
    }


def _operators(contents: Contents) -> str:
    operators = list(contents.operators.items())
    shown = ", ".join(f"{operator} x {count}" for operator, count in operators[:_OPERATORS_SHOWN])
    left = len(operators) - _OPERATORS_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "type": port.type, "shape": list(port.shape)}


def _line(title: str, value: str) -> str:
    return f"{title:<11} {value}"
