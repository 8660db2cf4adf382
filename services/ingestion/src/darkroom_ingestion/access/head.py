"""The head of a request, as authenticators read it."""

from collections.abc import Mapping
from typing import Any, Final

from darkroom_ingestion.access.proxies.forwarded import PEER
from darkroom_ingestion.limits.addresses import network_of

_CREDENTIALS: Final = frozenset({b"authorization", b"cookie"})


class Head:
    """Reads the ASGI scope of a request."""

    __slots__ = ("scope",)

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.scope = scope

    def header(self, name: bytes) -> str | None:
        """The value of a header, whose name is in lower case; None if the request has none or several of it."""
        found = [value for known, value in self.scope["headers"] if known == name]
        return found[0].decode("latin-1") if len(found) == 1 else None

    @property
    def peer(self) -> str:
        """The address that the request comes from: that of the client, or of a proxy."""
        peer: str | None = self.scope.get(PEER)
        client: tuple[str, int] | None = self.scope.get("client")
        return peer or (client[0] if client else "")

    @property
    def network(self) -> str:
        """The client, as limits tell clients apart."""
        client: tuple[str, int] | None = self.scope.get("client")
        return network_of(client[0] if client else "")

    def credential(self) -> str:
        """All that the request may be authenticated by."""
        return "\n".join(value.decode("latin-1") for name, value in self.scope["headers"] if name in _CREDENTIALS)
