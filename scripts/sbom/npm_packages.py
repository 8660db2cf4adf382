"""The npm packages that Vite may have put into the web console, from package-lock.json."""

import base64
import json
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.sbom.component import Component, package_url

_FOLDER = "node_modules/"
_FOR_DEVELOPMENT = {"dev", "devOptional"}


def console(lock: Path, version: str) -> list[Component]:
    """The console, which depends on the packages in its `dependencies`, and all packages but those for development."""
    entries: dict[str, dict[str, Any]] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    shipped = {at: entry for at, entry in entries.items() if at and not (_FOR_DEVELOPMENT & entry.keys())}
    packages = [_package(at, entry, shipped) for at, entry in sorted(shipped.items())]
    root = entries[""]
    return [
        Component(
            name=root["name"],
            version=version,
            purl=package_url("generic", root["name"], version),
            license=root["license"],
            needs=_needs("", root, shipped),
            type="application",
        ),
        *packages,
    ]


def _package(at: str, entry: dict[str, Any], shipped: dict[str, dict[str, Any]]) -> Component:
    algorithm, _, digest = entry["integrity"].partition("-")
    return Component(
        name=_name(at),
        version=entry["version"],
        purl=_url(at, entry),
        license=entry.get("license", ""),
        needs=_needs(at, entry, shipped),
        sha512=base64.b64decode(digest).hex() if algorithm == "sha512" else "",
    )


def _needs(at: str, entry: dict[str, Any], shipped: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    names = {**entry.get("dependencies", {}), **entry.get("peerDependencies", {})}
    found = (_resolved(at, name, shipped) for name in names)
    return tuple(sorted({_url(key, shipped[key]) for key in found if key}))


def _resolved(at: str, name: str, shipped: dict[str, dict[str, Any]]) -> str:
    """The entry that Node.js finds for `name` from the package at `at`; empty if it is not shipped."""
    for folder in (at, *map(str, PurePosixPath(at).parents)):
        candidate = f"{'' if folder in {'', '.'} else f'{folder}/'}{_FOLDER}{name}"
        if candidate in shipped:
            return candidate
    return ""


def _url(at: str, entry: dict[str, Any]) -> str:
    return package_url("npm", _name(at), entry["version"])


def _name(at: str) -> str:
    return at.rpartition(_FOLDER)[2]
