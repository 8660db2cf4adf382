"""ID tokens: whether they are valid, and whom they name (OpenID Connect Core 1.0, section 3.1.3.7)."""

import hmac
from typing import Any, Final

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)

from darkroom_ingestion.access.oidc.errors import BadIdToken
from darkroom_ingestion.access.oidc.issuer import Issuer
from darkroom_ingestion.sign_in_settings import KUBERNETES_PREFIX, OidcSettings

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures with a private key. Not HMAC, whose secret could be the provider's public key, and never none."""
_LEEWAY_S: Final = 30
_MOST_GROUPS: Final = 500
_REASONS: Final[dict[type[PyJWTError], str]] = {
    ExpiredSignatureError: "it has expired",
    ImmatureSignatureError: "it is not valid yet",
    InvalidAudienceError: "it is for another audience",
    InvalidIssuerError: "it is from another issuer",
    InvalidSignatureError: "its signature is wrong",
}


def issuer_in(token: str) -> str | None:
    """The issuer that a token names, unverified; None if it is not a JWT."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (PyJWTError, ValueError):
        return None
    issuer = claims.get("iss")
    return issuer if isinstance(issuer, str) else None


async def verified(
    token: str, settings: OidcSettings, issuer: Issuer, audience: str, nonce: str | None = None
) -> dict[str, Any]:
    """The claims of an ID token.

    Args:
        token: the JWT.
        settings: the provider.
        issuer: what the provider publishes.
        audience: what the claim `aud` must contain.
        nonce: what the claim `nonce` must be; None if the token is not from a login in a browser.

    Raises:
        BadIdToken: the token is not valid; the message says why.
        IssuerUnavailable: the provider's keys can't be read.
    """
    try:
        header = jwt.get_unverified_header(token)
    except PyJWTError as error:
        raise BadIdToken(f"The ID token is malformed: {error}") from None
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise BadIdToken(f"The ID token is signed with {algorithm!r:.20}, which is not accepted")
    key = await issuer.key(header.get("kid"), algorithm)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer=settings.issuer,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except MissingRequiredClaimError as error:
        raise BadIdToken(f"The ID token has no claim {error.claim}") from None
    except PyJWTError as error:
        raise BadIdToken(f"The ID token is not accepted: {_REASONS.get(type(error), str(error))}") from None
    if nonce is not None and not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise BadIdToken("The ID token is not the one of this login: its nonce is another")
    return claims


def user_of(claims: dict[str, Any], settings: OidcSettings) -> tuple[str, tuple[str, ...]]:
    """The name and the groups of the user, with their prefixes.

    Raises:
        BadIdToken: the claims have no name, or one that Kubernetes keeps for itself.
    """
    name = claims.get(settings.username_claim)
    if not isinstance(name, str) or not name:
        raise BadIdToken(f"The ID token has no claim {settings.username_claim!r}: see --oidc-username-claim")
    if settings.username_claim == "email" and claims.get("email_verified", True) is not True:
        raise BadIdToken("The provider has not verified the e-mail address of the user")
    name = settings.username_prefix + name
    if name.startswith(KUBERNETES_PREFIX):
        raise BadIdToken(f"Names of users may not start with {KUBERNETES_PREFIX}: see --oidc-username-prefix")
    groups = claims.get(settings.groups_claim, [])
    groups = [groups] if isinstance(groups, str) else groups
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise BadIdToken(f"The claim {settings.groups_claim!r} is not a list of names: see --oidc-groups-claim")
    if len(groups) > _MOST_GROUPS:
        raise BadIdToken(f"The user has more than {_MOST_GROUPS} groups")
    prefixed = (settings.groups_prefix + group for group in groups if group)
    return name, tuple(group for group in prefixed if not group.startswith(KUBERNETES_PREFIX))
