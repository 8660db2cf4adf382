"""Creates what recognises callers, and how people sign in."""

from collections.abc import Sequence
from typing import Final

from darkroom_ingestion.access.bearer import Bearer, Tokens
from darkroom_ingestion.access.protocols import Authenticator, TokenAuthenticator
from darkroom_ingestion.access.proxies.users import TrustedProxy
from darkroom_ingestion.access.query_tokens import NoTokenInQuery
from darkroom_ingestion.access.session.sign_in import SignIn
from darkroom_ingestion.sign_in_settings import SignInSettings

_LOGIN_S: Final = 600


def open_sign_in(
    settings: SignInSettings, kinds: Sequence[TokenAuthenticator]
) -> tuple[Sequence[Authenticator], SignIn | None]:
    """The authenticators, in the order in which they are tried, and how people sign in to the web console.

    Args:
        settings: how people sign in.
        kinds: the kinds of bearer tokens, besides those of an OpenID Connect provider.
    """
    # The libraries of cryptography and HTTP take a tenth of a second to import: not without access control.
    from darkroom_ingestion.access.session.seal import Seal  # noqa: PLC0415
    from darkroom_ingestion.access.session.sessions import Sessions  # noqa: PLC0415

    login = None
    if (oidc := settings.oidc) is not None:
        from darkroom_ingestion.access.oidc.issuer import Issuer  # noqa: PLC0415
        from darkroom_ingestion.access.oidc.login import OidcLogin  # noqa: PLC0415
        from darkroom_ingestion.access.oidc.tokens import OidcTokens  # noqa: PLC0415

        issuer = Issuer(oidc.issuer)
        kinds = [OidcTokens(oidc, issuer), *kinds]
        if oidc.client_id is not None and settings.session_keys:
            login = OidcLogin(oidc, issuer, Seal(settings.session_keys, "login", _LOGIN_S))
    tokens = Tokens(kinds)
    authenticators: list[Authenticator] = [NoTokenInQuery(), Bearer(tokens)]
    sign_in = None
    if settings.session_keys:
        sessions = Sessions(Seal(settings.session_keys, "session", settings.session_s), tokens)
        authenticators.append(sessions)
        sign_in = SignIn(sessions, tokens, login)
    if settings.trusted_proxies:
        authenticators.append(TrustedProxy(settings))
    return authenticators, sign_in
