"""Bearer tokens of a cluster, checked by TokenReview."""

import time
from collections.abc import Callable
from typing import Any, Final

from darkroom.access.token_file import token_digest
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.kubernetes.claims import audiences_of, expiry_of, unverified_claims
from darkroom_ingestion.access.kubernetes.decisions import Decisions
from darkroom_ingestion.access.kubernetes.reviews import Reviews
from darkroom_ingestion.access.protocols import BadCredential

KEPT_S: Final = 30.0
REFUSAL_KEPT_S: Final = 10.0
_PATH: Final = "/apis/authentication.k8s.io/v1/tokenreviews"
_LONGEST: Final = 16 * 1024


class KubernetesTokens:
    """A TokenAuthenticator: service accounts, and whoever else the API server recognises by a token for `audience`.

    `clock` is the time in seconds.
    """

    def __init__(self, reviews: Reviews, audience: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._reviews, self._audience = reviews, audience
        self._callers: Decisions[bytes, Caller | None] = Decisions(_kept_s, clock)

    async def caller_of(self, token: str) -> Caller:
        """The caller.

        Raises:
            BadCredential: the API server does not recognise the token, or it is for another audience.
            AccessUnavailable: the API server does not respond.
        """
        caller = await self._callers.get(token_digest(token), lambda: self._review(token))
        if caller is None:
            raise BadCredential(self._refusal(token))
        return caller

    async def _review(self, token: str) -> Caller | None:
        claims = unverified_claims(token)
        audiences, expiry = audiences_of(claims), expiry_of(claims)
        expired = expiry is not None and expiry <= time.time()
        if not token or len(token) > _LONGEST or expired or (audiences and self._audience not in audiences):
            return None
        status = await self._reviews.ask("TokenReview", _PATH, {"token": token, "audiences": [self._audience]})
        # An API server that knows no audiences would accept tokens for any.
        if not status.get("authenticated") or self._audience not in (status.get("audiences") or ()):
            return None
        return _caller(status.get("user") or {}, expiry)

    def _refusal(self, token: str) -> str:
        claims = unverified_claims(token)
        audiences, expiry = audiences_of(claims), expiry_of(claims)
        if audiences and self._audience not in audiences:
            return f"The token is for another audience than {self._audience}: {_how(self._audience)}."
        if expiry is not None and expiry <= time.time():
            return f"The token has expired: {_how(self._audience)}."
        return f"The cluster does not recognise the token: {_how(self._audience)}."


def how_to_sign_in(audience: str) -> str:
    """What to do without a credential."""
    return f"send Authorization: Bearer TOKEN; {_how(audience)}"


def _how(audience: str) -> str:
    return f"kubectl create token SERVICE-ACCOUNT --audience {audience} makes one"


def _caller(user: dict[str, Any], expires_at: float | None) -> Caller:
    extra = tuple(sorted((name, tuple(values)) for name, values in (user.get("extra") or {}).items()))
    return Caller(
        name=str(user.get("username", "")),
        groups=tuple(user.get("groups") or ()),
        method="Kubernetes",
        uid=str(user.get("uid", "")),
        extra=extra,
        expires_at=expires_at,
    )


def _kept_s(caller: Caller | None) -> float:
    if caller is None:
        return REFUSAL_KEPT_S
    return KEPT_S if caller.expires_at is None else max(0.0, min(KEPT_S, caller.expires_at - time.time()))
