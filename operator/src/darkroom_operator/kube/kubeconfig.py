"""Reads a kubeconfig; embedded certificates and keys become files that exist only as long as the process.

The Kubernetes clients need certificates and keys as paths. They write embedded ones to the shared temporary folder,
and pykube does so under a predictable name, readable by everyone, and never removes them.
"""

import base64
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_SECTIONS = (
    ("clusters", "cluster", ("certificate-authority",)),
    ("users", "user", ("client-certificate", "client-key", "tokenFile")),
)


class CredentialFiles:
    """Files in memory (Linux), elsewhere files that are removed when the process exits; one per content."""

    def __init__(self) -> None:
        self._paths: dict[bytes, Path] = {}
        self._open: list[Any] = []

    def path(self, content: bytes) -> Path:
        """A path at which this process can read `content`."""
        if content not in self._paths:
            self._paths[content] = self._write(content)
        return self._paths[content]

    def _write(self, content: bytes) -> Path:
        if sys.platform == "linux":
            descriptor = os.memfd_create("darkroom-operator")
            file: Any = os.fdopen(descriptor, "wb", buffering=0)
            path = Path(f"/proc/self/fd/{descriptor}")
        else:
            file = tempfile.NamedTemporaryFile(prefix="darkroom-operator-", buffering=0)  # noqa: SIM115 - kept open
            path = Path(file.name)
        file.write(content)
        self._open.append(file)
        return path


def read_kubeconfig(path: Path, files: CredentialFiles) -> dict[str, Any]:
    """The kubeconfig at `path`, with every credential as an absolute path. Embedded ones are in `files`."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for entry, field in _credentials(document):
        embedded = entry.pop(f"{field}-data", None)
        if embedded:
            entry[field] = str(files.path(base64.b64decode(embedded)))
        elif entry.get(field):
            entry[field] = str(path.absolute().parent / entry[field])
    return document


def _credentials(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for section, kind, fields in _SECTIONS:
        for item in document.get(section) or []:
            for field in fields:
                yield item.get(kind) or {}, field
