"""Logins in a browser at an OpenID Connect provider, from the redirect there to the user who came back."""

from collections.abc import Mapping

from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.oidc.code_flow import Login, authorization_url, code_of, exchange
from darkroom_ingestion.access.oidc.errors import LoginFailed
from darkroom_ingestion.access.oidc.id_tokens import user_of, verified
from darkroom_ingestion.access.oidc.issuer import Issuer
from darkroom_ingestion.access.session.seal import BadSeal, Seal
from darkroom_ingestion.sign_in_settings import OidcSettings


class OidcLogin:
    """Begins and completes logins. Those that have begun are kept by their browsers, sealed with `seal`."""

    def __init__(self, settings: OidcSettings, issuer: Issuer, seal: Seal) -> None:
        self._settings, self._issuer, self._seal = settings, issuer, seal

    @property
    def seconds(self) -> int:
        """How long a login may take."""
        return self._seal.seconds

    async def begin(self, page: str, redirect_uri: str) -> tuple[str, str]:
        """Begin a login that returns to `page`. Returns where to send the browser, and what it is to keep.

        Raises:
            IssuerUnavailable: the provider does not respond.
        """
        login = Login.begin(page)
        address = authorization_url(await self._issuer.metadata(), self._settings, login, redirect_uri)
        return address, self._seal.seal(login.content())

    async def complete(self, kept: str | None, query: Mapping[str, str], redirect_uri: str) -> tuple[Caller, str]:
        """Complete a login. Returns the user, and the page to return to.

        Args:
            kept: what the browser has kept.
            query: what the provider has sent the browser back with.
            redirect_uri: as in `begin`.

        Raises:
            LoginFailed: it was refused, is not the one that has begun, or took too long.
            BadIdToken: the provider's ID token is not valid.
            IssuerUnavailable: the provider does not respond.
        """
        if kept is None:
            raise LoginFailed("This browser has not begun a login, or has not kept it. Sign in again.")
        try:
            login = Login.of(self._seal.open(kept)[0])
        except BadSeal:
            raise LoginFailed("The login took too long. Sign in again.") from None
        settings = self._settings
        code = code_of(query, login, settings.issuer)
        token = await exchange(await self._issuer.metadata(), settings, login, code, redirect_uri)
        claims = await verified(token, settings, self._issuer, settings.client_id or "", login.nonce)
        name, groups = user_of(claims, settings)
        return Caller(name, groups, "Oidc"), login.page
