"""Tokens in the requests of an httpx client. Apart from `tokens`, which every command imports: httpx takes long."""

from collections.abc import Generator

import httpx

from darkroom_cli.client.tokens import TokenSource


class BearerAuth(httpx.Auth):
    """Adds the token to every request of an httpx client."""

    def __init__(self, source: TokenSource) -> None:
        """`source` is asked before every request."""
        self._source = source

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Send the request with the token."""
        request.headers["Authorization"] = f"Bearer {self._source.token()}"
        yield request
