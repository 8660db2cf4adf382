"""The claims of a JSON Web Token (RFC 7519), unverified."""

import base64
import binascii
import json
from typing import Any


def unverified_claims(token: str) -> dict[str, Any]:
    """The claims; none if the token is not a JSON Web Token. Anybody can write any claims: trust none of them."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def audiences_of(claims: dict[str, Any]) -> list[str]:
    """The audiences that the token is for."""
    audiences = claims.get("aud", [])
    return [str(audience) for audience in ([audiences] if isinstance(audiences, str) else audiences or [])]


def expiry_of(claims: dict[str, Any]) -> float | None:
    """When the token expires, in seconds since the epoch; None if it does not."""
    expiry = claims.get("exp")
    return float(expiry) if isinstance(expiry, int | float) else None
