"""The page at /docs: the OpenAPI document as HTML, without scripts or resources of other servers."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"
STYLE_PATH = "/docs/style.css"

STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
code, pre { font: 0.875rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { overflow: auto; padding: 0.75rem; border: 1px solid #8888; border-radius: 4px; }
details { border: 1px solid #8888; border-radius: 4px; margin: 0.5rem 0; padding: 0.5rem 0.75rem; }
summary { cursor: pointer; }
table { border-collapse: collapse; margin: 0.5rem 0; width: 100%; }
td, th { border-bottom: 1px solid #8886; padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }
.method { font-weight: 600; }
.deprecated { text-decoration: line-through; }
"""


def docs_page(document: Mapping[str, Any]) -> str:
    """The HTML page of an OpenAPI document."""
    info = document["info"]
    operations = "".join(_operation(*found) for found in _operations(document))
    schemas = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_schema(schema)}</details>'
        for name, schema in sorted(document.get("components", {}).get("schemas", {}).items())
    )
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(info["title"])}</title><link rel="stylesheet" href="{STYLE_PATH}"><link rel="icon" href="data:,"></head>
<body>
<h1>{escape(info["title"])}</h1>
<p>{escape(info.get("description", "").strip())}</p>
<p>The OpenAPI document is at <a href="/openapi.json">/openapi.json</a>, the AsyncAPI document of the topics at
<a href="/asyncapi.json">/asyncapi.json</a>.</p>
<h2>Operations</h2>
{operations}
<h2>Schemas</h2>
{schemas}
</body>
</html>
"""


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    old = " deprecated" if operation.get("deprecated") else ""
    parameters = [
        (f"{p['name']} ({p['in']})", _type(p["schema"]), p.get("description", ""))
        for p in operation.get("parameters", ())
    ]
    bodies = [
        ("body", media_type, _type(content.get("schema", {})))
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
    ]
    responses = [
        (status, ", ".join(response.get("content", {})), response["description"])
        for status, response in operation["responses"].items()
    ]
    return (
        f'<details><summary><span class="method">{method}</span> <code class="path{old}">{escape(path)}</code> '
        f"{escape(operation['summary'])}</summary>"
        f"<p>{escape(operation.get('description', ''))}</p>"
        f"{_table('Request', [*parameters, *bodies])}{_table('Responses', responses)}</details>"
    )


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{escape(text)}</td></tr>"
        for name, kind, text in rows
    )
    return f"<h3>{title}</h3><table>{cells}</table>"


def _schema(schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = [
        (name if name in required else f"{name}?", _type(field), field.get("description", ""))
        for name, field in schema.get("properties", {}).items()
    ]
    return f"<p>{escape(schema.get('description', ''))}</p>{_table('Fields', rows)}"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")
