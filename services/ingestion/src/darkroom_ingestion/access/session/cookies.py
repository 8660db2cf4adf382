"""The cookies of the service, and when they must be sent over TLS only."""

from collections.abc import Iterable
from typing import Final, Literal
from urllib.parse import urlsplit

from darkroom.errors import DarkroomError
from darkroom_ingestion.access.head import Head

SESSION: Final = "darkroom_session"
"""The cookie with the session."""
LOGIN: Final = "darkroom_login"
"""The cookie with a login at an OpenID Connect provider that has begun."""

_MOST_BYTES: Final = 3_850
"""The longest value with which all browsers keep a cookie: some have 4,096 bytes for the whole header (RFC 6265)."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class TooLargeForCookie(DarkroomError):
    """The value does not fit in a cookie."""


def must_be_secure(head: Head) -> bool:
    """Whether cookies must be sent over TLS only: always but for plain HTTP on loopback.

    A proxy in front of the service may have ended TLS, so that the scheme `http` alone does not tell.
    """
    return head.scope["scheme"] == "https" or not is_loopback_host(head.header(b"host") or "")


def is_loopback_host(host: str) -> bool:
    """Whether the Host header names the client's own machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in _LOOPBACK or name.endswith(".localhost")


def read_cookie(headers: Iterable[tuple[bytes, bytes]], name: str, *, secure: bool) -> str | None:
    """The value of the cookie `name`; None if there is none, or more than one."""
    wanted = _full_name(name, secure=secure)
    found = [
        value
        for header, text in headers
        if header == b"cookie"
        for key, separator, value in (pair.strip().partition("=") for pair in text.decode("latin-1").split(";"))
        if separator and key == wanted
    ]
    return found[0] if len(found) == 1 else None


def set_cookie(name: str, value: str, seconds: int, *, secure: bool, same_site: Literal["Strict", "Lax"]) -> str:
    """The header Set-Cookie for `value`. Scripts of pages can't read the cookie.

    Raises:
        TooLargeForCookie: browsers would drop it.
    """
    if len(value) > _MOST_BYTES:
        raise TooLargeForCookie(f"Encrypted, it has {len(value)} bytes. Browsers keep cookies of {_MOST_BYTES}.")
    attributes = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{'; Secure' if secure else ''}"
    return f"{_full_name(name, secure=secure)}={value}; {attributes}"


def cleared_cookie(name: str, *, secure: bool) -> str:
    """The header Set-Cookie that deletes the cookie."""
    return set_cookie(name, "", 0, secure=secure, same_site="Strict")


def _full_name(name: str, *, secure: bool) -> str:
    """The prefix keeps other hosts of the domain from setting the cookie (RFC 6265bis, section 4.1.3.2)."""
    return f"__Host-{name}" if secure else name
