"""Bearer tokens (RFC 6750)."""

import time
from collections.abc import Sequence

from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import BadCredential, TokenAuthenticator


class Tokens:
    """Recognises callers by tokens of several kinds."""

    def __init__(self, kinds: Sequence[TokenAuthenticator]) -> None:
        self._kinds = kinds

    async def caller_of(self, token: str) -> Caller:
        """The caller with this token.

        Raises:
            BadCredential: the token is of no kind, is not valid, or has expired.
            AccessUnavailable: it can't be checked now.
        """
        for kind in self._kinds:
            if (caller := await kind.caller_of(token)) is not None:
                if caller.expires_at is not None and caller.expires_at <= time.time():
                    raise BadCredential("The token has expired: get a new one.")
                return caller
        raise BadCredential("The token is not valid.")


class Bearer:
    """The Authenticator of the header `Authorization: Bearer TOKEN`."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def authenticate(self, head: Head) -> Caller | None:
        """The caller; None without the header."""
        value = head.header(b"authorization")
        if value is None:
            return None
        scheme, _, token = value.partition(" ")
        if scheme.lower() != "bearer":
            raise BadCredential("The scheme of the Authorization header is not Bearer.")
        return await self._tokens.caller_of(token.strip())
