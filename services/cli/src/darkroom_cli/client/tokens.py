"""Bearer tokens for the ingestion service: where they come from, and where they may be sent."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from darkroom.loopback import is_loopback
from darkroom_cli.exit_codes import InvalidInput

if TYPE_CHECKING:
    import httpx

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750, section 2.1."""


class TokenSource(Protocol):
    """Returns the token for the next request."""

    def token(self) -> str:
        """The token. May renew it.

        Raises:
            DarkroomError: there is none, with what to do.
        """


@dataclass(frozen=True)
class GivenToken:
    """A token that stays the same. `origin` is its name in messages."""

    value: str = field(repr=False)
    origin: str

    def token(self) -> str:
        """The token.

        Raises:
            InvalidInput: it is not a token.
        """
        return checked(self.value, self.origin)


@dataclass(frozen=True)
class TokenFile:
    """A file with a token, read for every request: a projected token is replaced before it expires."""

    path: Path

    def token(self) -> str:
        """The content of the file.

        Raises:
            InvalidInput: it can't be read, or is not a token.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise InvalidInput(f"token file {self.path} can't be read: {reason}") from None
        return checked(text, f"token file {self.path}")


def checked(text: str, origin: str) -> str:
    """`text` without surrounding white space. Messages never contain it.

    Raises:
        InvalidInput: it is not a token.
    """
    token = text.strip()
    if not token:
        raise InvalidInput(f"{origin} is empty: it should hold a token")
    if not _TOKEN.fullmatch(token):
        raise InvalidInput(f"{origin} is not a token: it has characters that a bearer token can't have")
    return token


def is_this_machine(host: str) -> bool:
    """Whether `host` is this machine."""
    return is_loopback(host.strip("[]")) or host.endswith(".localhost")


def check_address(url: "httpx.URL", *, insecure: bool) -> None:
    """Check that a token may be sent to `url`: over TLS, or to this machine; anywhere if `insecure`.

    Raises:
        InvalidInput: it would be readable on the network.
    """
    if not (insecure or url.scheme == "https" or is_this_machine(url.host)):
        raise InvalidInput(
            f"{url}: the token would be sent unencrypted: use https://, or --insecure-http if you trust the network; "
            "without a token option, DARKROOM_TOKEN and DARKROOM_TOKEN_FILE, no token is sent"
        )
