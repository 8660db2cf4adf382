"""The addresses of clients behind a trusted proxy."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from darkroom_ingestion.access.proxies.forwarded import PEER, forwarded_client
from darkroom_ingestion.sign_in_settings import Network


class ForwardedClients:
    """ASGI middleware: replaces the address of a trusted proxy by that of its client, for limits, logs and redrives.

    Args:
        proxies: the addresses of trusted proxies.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[Network]) -> None:
        self._app, self._proxies = app, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and (client := scope.get("client")):
            peer, port = client
            if (address := forwarded_client(scope["headers"], peer, self._proxies)) != peer:
                scope[PEER], scope["client"] = peer, (address, port)
        await self._app(scope, receive, send)
