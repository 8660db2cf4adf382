"""A file on an HTTP server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from darkroom_vision.sources.failures import Busy

MAX_BYTES: Final = 10 << 30
"""A larger file is refused, wherever it comes from."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server.

    Attributes:
        url: its URL, http or https.
        headers: request headers, which may contain a token.
        advice: what to do if the server refuses access.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    advice: str = ""


def discard(part: Path, *, is_resumed: bool) -> None:
    """Remove a download with the wrong checksum.

    Raises:
        Busy: a part of it is from an earlier attempt, so that a new one may succeed.
    """
    part.unlink()
    if is_resumed:
        raise Busy("what an earlier attempt has left does not fit the rest")
