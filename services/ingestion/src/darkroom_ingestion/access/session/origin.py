"""Protection from cross-site request forgery: whether a request is from a page of another site."""

from collections.abc import Iterable
from typing import Final, Literal
from urllib.parse import urlsplit

Sender = Literal["OwnPage", "ForeignPage", "Unknown"]
"""Who made a request: a page of this service or the user; a page of another origin; or not a browser, perhaps."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BY_FETCH_SITE: Final[dict[bytes, Sender]] = {b"same-origin": "OwnPage", b"none": "OwnPage"}


def sender_of(headers: Iterable[tuple[bytes, bytes]]) -> Sender:
    """Who made a request with these headers.

    `Sec-Fetch-Site` decides (Fetch Metadata). Browsers omit it on plain HTTP with other hosts than loopback: there, the
    host of `Origin` is compared with `Host`. Schemes are not, because a proxy may have ended TLS.
    """
    found = {name: value for name, value in headers if name in {b"sec-fetch-site", b"origin", b"host"}}
    if (site := found.get(b"sec-fetch-site")) is not None:
        return _BY_FETCH_SITE.get(site, "ForeignPage")
    if (origin := found.get(b"origin")) is None:
        return "Unknown"
    return "OwnPage" if _host(origin) == found.get(b"host", b"").lower() != b"" else "ForeignPage"


def _host(origin: bytes) -> bytes | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
