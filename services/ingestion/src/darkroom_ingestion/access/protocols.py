"""The interfaces of what recognises callers and decides on their rights."""

from collections.abc import Collection
from typing import Protocol

from darkroom.access.right import Right
from darkroom.errors import DarkroomError
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.head import Head


class BadCredential(DarkroomError):
    """The request has a credential that is not valid."""


class NoCredential(DarkroomError):
    """The request has no credential."""


class Forbidden(DarkroomError):
    """The caller has not the right that the request needs. The message is the same whether the pipeline exists or not.

    Attributes:
        right: the right; None if no caller may send the request.
    """

    def __init__(self, caller: Caller, right: Right | None, pipeline: str = "") -> None:
        super().__init__(
            f"{caller.name!r:.200} may not do this with pipeline {pipeline!r:.600}: it takes the right {right}."
            if right
            else "Nothing at this path is open to callers: /docs lists the API."
        )
        self.right = right


class AccessUnavailable(DarkroomError):
    """What decides on credentials or rights can't be reached.

    Attributes:
        retry_after_s: when to try again.
    """

    def __init__(self, message: str, retry_after_s: int = 2) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Authenticator(Protocol):
    """Recognises callers by one kind of credential. Called for every request, so that a known one must take no time."""

    async def authenticate(self, head: Head) -> Caller | None:
        """The caller; None if the request has no credential of this kind.

        Raises:
            BadCredential: the credential is not valid.
            AccessUnavailable: it can't be checked now.
        """


class TokenAuthenticator(Protocol):
    """Recognises callers by one kind of bearer token."""

    async def caller_of(self, token: str) -> Caller | None:
        """The caller; None if the token is not one of this kind.

        Raises:
            BadCredential: the token is not valid.
            AccessUnavailable: it can't be checked now.
        """


class Authorizer(Protocol):
    """Decides on the rights of callers."""

    async def may(self, caller: Caller, right: Right, namespace: str, name: str) -> bool:
        """Whether the caller has a right to the pipeline of that name, which need not exist.

        Raises:
            AccessUnavailable: this can't be decided now.
        """

    async def allowed(self, caller: Caller, right: Right, pipelines: Collection[str]) -> set[str]:
        """Those of the pipelines, given as `namespace/name`, to which the caller has a right.

        Raises:
            AccessUnavailable: this can't be decided now.
        """


class EverythingAllowed:
    """The Authorizer without access control."""

    async def may(self, caller: Caller, right: Right, namespace: str, name: str) -> bool:  # noqa: ARG002 - an Authorizer
        """True."""
        return True

    async def allowed(self, caller: Caller, right: Right, pipelines: Collection[str]) -> set[str]:  # noqa: ARG002
        """All of them."""
        return set(pipelines)
