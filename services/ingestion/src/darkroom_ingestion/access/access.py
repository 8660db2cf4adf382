"""Decides on requests: who sends them, and whether the caller may."""

from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from darkroom.access.right import Right
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import (
    AccessUnavailable,
    Authenticator,
    Authorizer,
    BadCredential,
    Forbidden,
    NoCredential,
)
from darkroom_ingestion.access.refused import RefusedCredentials, TooManyRefused
from darkroom_ingestion.access.session.sign_in import SignIn
from darkroom_ingestion.access_settings import AccessMode
from darkroom_ingestion.metrics import Metrics


@dataclass(frozen=True)
class Access:
    """Access control.

    Attributes:
        mode: how callers are recognised. With `none`, requests are not checked.
        authenticators: tried in turn.
        how_to_sign_in: what to do without a credential, for people.
        sign_in: how people sign in to the web console; None if they can't.
        audience: what tokens of the cluster must be for; None without a cluster.
        background: named tasks that must run until the service stops.
        refused: the credentials that were refused.
    """

    mode: AccessMode
    authenticators: Sequence[Authenticator]
    authorizer: Authorizer
    metrics: Metrics
    how_to_sign_in: str = ""
    sign_in: SignIn | None = None
    audience: str | None = None
    background: Sequence[tuple[str, Callable[[], Coroutine[Any, Any, None]]]] = ()
    refused: RefusedCredentials = field(default_factory=RefusedCredentials)

    @property
    def is_checked(self) -> bool:
        """Whether requests are checked."""
        return self.mode != "none"

    async def caller_of(self, head: Head) -> Caller:
        """Who sends the request.

        Raises:
            NoCredential: the request has none.
            BadCredential: the credential is not valid.
            TooManyRefused: too many from this address were not.
            AccessUnavailable: it can't be checked now.
        """
        try:
            with self.refused.trying(head.network, head.credential):
                for authenticator in self.authenticators:
                    if (caller := await authenticator.authenticate(head)) is not None:
                        return caller
        except BadCredential:
            self.metrics.access_was_decided("Unauthenticated", "")
            raise
        except TooManyRefused:
            self.metrics.access_was_decided("Limited", "")
            raise
        except AccessUnavailable:
            self.metrics.access_was_decided("Unavailable", "")
            raise
        self.metrics.access_was_decided("Unauthenticated", "")
        raise NoCredential(f"The request has no credential: {self.how_to_sign_in}.")

    async def require(self, caller: Caller, rights: Iterable[Right], namespace: str, name: str) -> None:
        """Return if the caller has all these rights to a pipeline, which need not exist.

        Raises:
            Forbidden: the caller has not.
            AccessUnavailable: this can't be decided now.
        """
        for right in rights:
            if not await self.may(caller, right, namespace, name):
                raise Forbidden(caller, right, f"{namespace}/{name}")

    async def may(self, caller: Caller, right: Right, namespace: str, name: str) -> bool:
        """Whether the caller has a right to a pipeline, which need not exist.

        Raises:
            AccessUnavailable: this can't be decided now.
        """
        try:
            allowed = await self.authorizer.may(caller, right, namespace, name)
        except AccessUnavailable:
            self.metrics.access_was_decided("Unavailable", right)
            raise
        self.metrics.access_was_decided("Allowed" if allowed else "Forbidden", right)
        return allowed

    async def readable(self, caller: Caller, pipelines: Collection[str]) -> set[str]:
        """Those of the pipelines, given as `namespace/name`, that the caller may read.

        Raises:
            AccessUnavailable: this can't be decided now.
        """
        return await self.authorizer.allowed(caller, Right.READ, pipelines)
