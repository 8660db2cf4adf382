"""The login in a browser: the authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636)."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx

from darkroom_ingestion.access.oidc.errors import IssuerUnavailable, LoginFailed
from darkroom_ingestion.access.oidc.fetch import check_address, fetch_json
from darkroom_ingestion.sign_in_settings import OidcSettings

_PAGE: Final = re.compile(r"/(?:p/[\w.~%!$&'()*+,;=:@/-]*)?(?:\?[\w.~%!$&'()*+,;=:@/?-]*)?", re.ASCII)
_MOST_PAGE_LENGTH: Final = 1_000
_OK: Final = 200


@dataclass(frozen=True)
class Login:
    """A login that has begun. The browser keeps it in a sealed cookie.

    Attributes:
        state: what the provider must return, so that a page of another site can't complete the login of its own user.
        nonce: what the ID token must contain.
        verifier: proves to the provider that the code was issued to this login.
        page: the page of the console to return to.
    """

    state: str
    nonce: str
    verifier: str
    page: str

    @classmethod
    def begin(cls, page: str) -> "Login":
        """A new login, which returns to `page` if that is one of the console."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, page if is_page(page) else "/")

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Login":
        """The login with the fields of `content`."""
        return cls(**content)

    def content(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


def is_page(path: str) -> bool:
    """Whether `path` is a page of the console, with a query or without, and not an address elsewhere."""
    return len(path) <= _MOST_PAGE_LENGTH and not path.startswith("//") and _PAGE.fullmatch(path) is not None


def authorization_url(metadata: Mapping[str, Any], settings: OidcSettings, login: Login, redirect_uri: str) -> str:
    """Where to send the browser.

    Raises:
        IssuerUnavailable: the provider has no usable authorization endpoint.
    """
    endpoint = str(metadata.get("authorization_endpoint"))
    check_address(endpoint)
    offered = metadata.get("scopes_supported") or ()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(login.verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": settings.client_id or "",
        "redirect_uri": redirect_uri,
        "scope": " ".join(["openid", *(scope for scope in ("profile", "email", "groups") if scope in offered)]),
        "state": login.state,
        "nonce": login.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def code_of(query: Mapping[str, str], login: Login, issuer: str) -> str:
    """The code in the query that the provider has sent the browser back with.

    Raises:
        LoginFailed: the provider refused the login, or it is not the one that has begun.
    """
    if not hmac.compare_digest(query.get("state", "").encode(), login.state.encode()):
        raise LoginFailed("The login is not the one that this browser has begun. Sign in again.")
    if query.get("iss", issuer) != issuer:  # RFC 9207
        raise LoginFailed("The response is from another provider. Sign in again.")
    if error := query.get("error"):
        detail = query.get("error_description", "")
        raise LoginFailed(f"The provider refused the login: {error:.80}{': ' if detail else ''}{detail:.300}")
    if not (code := query.get("code")):
        raise LoginFailed("The provider's response has no code. Sign in again.")
    return code


async def exchange(
    metadata: Mapping[str, Any], settings: OidcSettings, login: Login, code: str, redirect_uri: str
) -> str:
    """The ID token for a code.

    Raises:
        LoginFailed: the provider does not accept the code.
        IssuerUnavailable: the provider does not respond.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": login.verifier,
    }
    auth: httpx.Auth | None = None
    client_id, secret = settings.client_id or "", settings.client_secret
    if secret is not None and "client_secret_basic" in _methods(metadata):
        auth = httpx.BasicAuth(quote_plus(client_id), quote_plus(secret))  # RFC 6749, section 2.3.1
    else:
        form |= {"client_id": client_id} | ({} if secret is None else {"client_secret": secret})
    request = httpx.Request("POST", str(metadata.get("token_endpoint")), data=form)
    status, document = await fetch_json(request, auth)
    if status != _OK:
        error = document.get("error", f"HTTP {status}")
        raise LoginFailed(f"The provider does not accept the login: {error!s:.80}. Sign in again.")
    token = document.get("id_token")
    if not isinstance(token, str):
        raise IssuerUnavailable("The provider's response has no ID token.")
    return token


def _methods(metadata: Mapping[str, Any]) -> list[str]:
    """How clients may authenticate (OpenID Connect Discovery 1.0, section 3, with its default)."""
    methods: list[str] = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return methods
