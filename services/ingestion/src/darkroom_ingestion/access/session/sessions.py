"""Sessions of browsers: what their cookie holds, and who its user is."""

import time
from dataclasses import replace
from typing import Any, Final

from darkroom_ingestion.access.bearer import Tokens
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import BadCredential
from darkroom_ingestion.access.session.cookies import (
    SESSION,
    TooLargeForCookie,
    must_be_secure,
    read_cookie,
    set_cookie,
)
from darkroom_ingestion.access.session.origin import SAFE_METHODS, sender_of
from darkroom_ingestion.access.session.seal import BadSeal, Seal

_NOT_OWN_PAGE: Final = (
    "The session cookie is accepted only from pages of this service, and the request has no Sec-Fetch-Site or Origin "
    "header that says that it is from one. Programs send a token in the Authorization header."
)


class Sessions:
    """The Authenticator of the session cookie.

    The cookie holds the token that its user has signed in with, which is checked in every request, or the user that an
    OpenID Connect provider has named.
    """

    def __init__(self, seal: Seal, tokens: Tokens) -> None:
        self._seal, self._tokens = seal, tokens

    async def authenticate(self, head: Head) -> Caller | None:
        """The user of the session; None without a cookie."""
        cookie = read_cookie(head.scope["headers"], SESSION, secure=must_be_secure(head))
        if cookie is None:
            return None
        sender = sender_of(head.scope["headers"])
        if sender == "ForeignPage" or (sender == "Unknown" and head.scope["method"] not in SAFE_METHODS):
            raise BadCredential(_NOT_OWN_PAGE)
        try:
            content, sealed_at = self._seal.open(cookie)
        except BadSeal:
            raise BadCredential("The session has ended: sign in again.") from None
        ends_at = float(sealed_at + self._seal.seconds)
        if (token := content.get("token")) is None:
            return Caller(content["name"], tuple(content["groups"]), "Oidc", expires_at=ends_at)
        caller = await self._tokens.caller_of(token)
        return _until(caller, ends_at)

    def cookie_for_token(self, token: str, head: Head) -> str:
        """The header Set-Cookie of a session of the owner of `token`.

        Raises:
            TooLargeForCookie: the token is too long.
        """
        return self._cookie({"token": token}, head)

    def cookie_for_user(self, user: Caller, head: Head) -> str:
        """The header Set-Cookie of a session of a user whom an OpenID Connect provider has named.

        Raises:
            TooLargeForCookie: the user has too many groups.
        """
        try:
            return self._cookie({"name": user.name, "groups": user.groups}, head)
        except TooLargeForCookie:
            raise TooLargeForCookie(
                f"The {len(user.groups)} groups of the user do not fit in a cookie: let the provider send fewer."
            ) from None

    def begun_now(self, caller: Caller) -> Caller:
        """The caller of a session that begins now."""
        return _until(caller, time.time() + self._seal.seconds)

    def _cookie(self, content: dict[str, Any], head: Head) -> str:
        sealed = self._seal.seal(content)
        return set_cookie(SESSION, sealed, self._seal.seconds, secure=must_be_secure(head), same_site="Strict")


def _until(caller: Caller, ends_at: float) -> Caller:
    """The caller with a credential that expires at `ends_at` at the latest."""
    return replace(caller, expires_at=ends_at if caller.expires_at is None else min(ends_at, caller.expires_at))
