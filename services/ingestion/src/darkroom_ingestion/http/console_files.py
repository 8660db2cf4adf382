"""The files of the web console, built by `make console` into a folder of the package."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUILT_CONSOLE: Final = Path(__file__).parents[1] / "console"
INDEX: Final = "index.html"

_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_COMPRESSED = frozenset({".css", ".html", ".js", ".json", ".map", ".svg", ".webmanifest"})


@dataclass(frozen=True)
class ConsoleFile:
    """One file, ready to be sent.

    Attributes:
        gzipped: the content for clients that accept gzip; None if that would not make it smaller.
        etag: with quotes.
    """

    content: bytes
    gzipped: bytes | None
    media_type: str
    etag: str


class ConsoleFiles:
    """Reads and compresses each file when it is first requested, and again when it has changed.

    Args:
        folder: the built console. It need not exist.
    """

    def __init__(self, folder: Path = BUILT_CONSOLE) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, int], ConsoleFile]] = {}

    def find(self, name: str) -> ConsoleFile | None:
        """The file of that name, such as `assets/index-1a2b.js`; None if the console has no such file."""
        path = self._folder / name
        kind = _TYPES.get(path.suffix)
        if kind is None or not _NAME.fullmatch(name):
            return None
        try:
            if not path.resolve(strict=True).is_relative_to(self._folder.resolve()) or not path.is_file():
                return None
            stat = path.stat()
            version = (stat.st_mtime_ns, stat.st_size)
            known = self._read.get(name)
            if known is None or known[0] != version:
                known = self._read[name] = (version, _ready(path.read_bytes(), path.suffix, kind))
        except OSError:
            return None
        return known[1]


def _ready(content: bytes, suffix: str, media_type: str) -> ConsoleFile:
    gzipped = gzip.compress(content, mtime=0) if suffix in _COMPRESSED else content
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return ConsoleFile(content, gzipped if len(gzipped) < len(content) else None, media_type, etag)
