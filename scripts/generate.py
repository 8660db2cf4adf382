"""Generate the CRD in the chart, reference pages, benchmark tables, and the version in packages and chart."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.cli import get_docs_for_click

from benchmarks.measuring.page import performance_page
from darkroom import __version__
from darkroom.api.crd import crd_yaml, image_pipeline_crd
from darkroom_cli.app import app
from scripts.metrics_page import metrics_page

ROOT = Path(__file__).parents[1]
Schema = dict[str, Any]

_VERSIONED = (
    Path("pyproject.toml"),
    Path("operator/pyproject.toml"),
    *(Path(f"services/{name}/pyproject.toml") for name in ("cli", "core", "inference", "ingestion", "vision")),
    Path("charts/darkroom/Chart.yaml"),
    Path("Dockerfile"),
)


def generated() -> dict[Path, str]:
    """The content of every generated file, by path from the root."""
    return {
        Path("charts/darkroom/crds/imagepipelines.darkroom.dev.yaml"): crd_yaml(),
        Path("docs/reference/imagepipeline.md"): _image_pipeline_page(),
        Path("docs/reference/command-line.md"): _command_line_page(),
        Path("docs/reference/metrics.md"): metrics_page(),
        Path("docs/explanation/performance.md"): performance_page(),
        **{path: _with_version(path) for path in _VERSIONED},
    }


def _with_version(path: Path) -> str:
    """The file with the version of Darkroom. After a new one, `uv lock` writes it into uv.lock."""
    content = (ROOT / path).read_text(encoding="utf-8")
    return re.sub(
        r'^(version = |version: |appVersion: |ARG VERSION=)("?)[^"\n]*("?)$',
        rf"\g<1>\g<2>{__version__}\g<3>",
        content,
        flags=re.MULTILINE,
    )


def _image_pipeline_page() -> str:
    schema = image_pipeline_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    rows = [
        f"| `{path}` | {_type_of(field)} | {_default_of(field)} | {_cell(field.get('description', ''))} |"
        for path, field in _fields(schema["properties"]["spec"], "spec")
    ]
    rules = [f"- `{path or 'metadata'}`: {message}" for path, message in _rules(schema, "")]
    return "\n".join(
        [
            "# ImagePipeline",
            "",
            "`apiVersion: darkroom.dev/v1alpha1`, `kind: ImagePipeline`, short name `imgp`. This page is generated.",
            "",
            "| field | type | default | description |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "## Rules",
            "",
            "Checked by `darkroom validate`, by the API server and by the operator, with the same messages:",
            "",
            *rules,
            "",
        ]
    )


def _fields(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}", field
        yield from _fields(field, f"{path}.{name}")
        yield from _fields(field.get("items", {}), f"{path}.{name}[]")


def _rules(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for rule in schema.get("x-kubernetes-validations", []):
        yield path, rule["message"]
    for name, field in schema.get("properties", {}).items():
        yield from _rules(field, f"{path}.{name}".lstrip("."))
    if "items" in schema:
        yield from _rules(schema["items"], f"{path}[]")


def _type_of(field: Schema) -> str:
    if "enum" in field:
        return " \\| ".join(str(value) for value in field["enum"])
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    return str(field.get("type", "any"))


def _default_of(field: Schema) -> str:
    default = field.get("default")
    return "" if default in (None, {}, []) else f"`{default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _command_line_page() -> str:
    command = typer.main.get_command(app)
    _remove_hidden(command)
    context = command.make_context("darkroom", [], resilient_parsing=True)
    page = get_docs_for_click(obj=command, ctx=context, name="darkroom", title="Command line")
    return f"{page.strip()}\n"


def _remove_hidden(command: Any) -> None:
    """Remove hidden commands, which Typer would describe too."""
    commands: dict[str, Any] = getattr(command, "commands", {})
    for name, nested in list(commands.items()):
        if nested.hidden:
            del commands[name]
        else:
            _remove_hidden(nested)


def main() -> None:
    """Write every generated file, and print its path."""
    for path, content in generated().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(content, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
