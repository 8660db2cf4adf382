"""Protection of a service on loopback from web pages in the same machine's browser."""

from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from darkroom.loopback import is_loopback_address
from darkroom_ingestion.http.problems import HttpProblem, answer


class LoopbackGuard:
    """ASGI middleware: refuses requests by web pages of other sites.

    A page can send a form to any address, so the Origin is checked. If the name of the page's host resolves to
    127.0.0.1 (DNS rebinding), the browser considers the origin the same, so the Host is checked as well.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        self._app, self._origins = app, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and (reason := self._refusal(scope)):
            problem = HttpProblem(403, "foreign-page", "Request of another site", reason, unread_body=True)
            await answer(problem, scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in {b"host", b"origin"}}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if not is_local_host(host):
            return f"The Host is {host!r:.100}. This service listens on loopback: use http://127.0.0.1."
        if origin is None or origin in self._origins or _is_local(origin):
            return None
        return f"Pages of {origin!r:.100} may not use this service; --cors-origins lists those that may."


@lru_cache(maxsize=64)
def is_local_host(host: str) -> bool:
    """Whether a Host header names this machine or one of its network."""
    return _is_local(f"//{host}")


def _is_local(url: str) -> bool:
    try:
        name = urlsplit(url).hostname
    except ValueError:  # such as brackets without an IPv6 address
        return False
    # A name without a dot is resolved by this machine or its network, not by the owner of a domain.
    return name is not None and ("." not in name or name.endswith(".localhost") or is_loopback_address(name))
