"""A file on an HTTP server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

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
