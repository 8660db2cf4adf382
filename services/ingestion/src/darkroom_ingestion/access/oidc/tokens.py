"""Recognises users of an OpenID Connect provider by their ID tokens."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from darkroom.access.token_file import token_digest
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.oidc.id_tokens import issuer_in, user_of, verified
from darkroom_ingestion.access.oidc.issuer import Issuer
from darkroom_ingestion.sign_in_settings import OidcSettings

_MOST_KNOWN: Final = 4_096
_KNOWN_S: Final = 60.0


class OidcTokens:
    """The TokenAuthenticator of ID tokens. Remembers valid ones for a minute."""

    def __init__(self, settings: OidcSettings, issuer: Issuer, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._issuer, self._clock = settings, issuer, clock
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    async def caller_of(self, token: str) -> Caller | None:
        """The user; None if the token is not from this provider."""
        digest = token_digest(token)
        if (known := self._known.get(digest)) is not None and self._clock() < known[1]:
            return known[0]
        if issuer_in(token) != self._settings.issuer:
            return None
        claims = await verified(token, self._settings, self._issuer, self._settings.audience)
        name, groups = user_of(claims, self._settings)
        caller = Caller(name, groups, "Oidc", expires_at=float(claims["exp"]))
        self._known[digest] = caller, min(self._clock() + _KNOWN_S, float(claims["exp"]))
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return caller
