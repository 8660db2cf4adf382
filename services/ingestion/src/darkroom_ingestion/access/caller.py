"""Callers: who sends a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

Method = Literal["None", "TokenFile", "Kubernetes", "Oidc", "Proxy"]
"""How a caller has proved its name."""

CALLER: Final = "darkroom.caller"
"""Key in the ASGI scope: the request's `Caller`. Absent with access `none`, and from requests that anybody may send."""


@dataclass(frozen=True)
class Caller:
    """Who sends a request.

    Attributes:
        name: unique among the callers of a method.
        groups: the groups that the credential says the caller is in.
        method: how the caller has proved its name.
        uid: its unique id in Kubernetes; may be empty.
        extra: what else Kubernetes knows of it, such as the scopes of its token.
        expires_at: when the credential expires, in seconds since the epoch; None if it does not.
    """

    name: str
    groups: tuple[str, ...] = ()
    method: Method = "None"
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    expires_at: float | None = field(default=None, compare=False)

    @cached_property
    def key(self) -> str:
        """A text that identifies the caller among those of all methods."""
        return f"{self.method}:{self.name}"


ANONYMOUS: Final = Caller("anonymous")
"""The caller of every request with access `none`."""


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """The caller of the request with this ASGI scope."""
    caller: Caller = scope.get(CALLER, ANONYMOUS)
    return caller
