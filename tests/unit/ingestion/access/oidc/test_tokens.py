"""ID tokens that are accepted and refused, and the keys of their provider."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode

from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.oidc.errors import BadIdToken, IssuerUnavailable
from darkroom_ingestion.access.oidc.issuer import Issuer
from darkroom_ingestion.access.oidc.tokens import OidcTokens
from darkroom_ingestion.sign_in_settings import OidcSettings
from tests.support.oidc.published import AUDIENCE, PublishedIssuer, published_issuer


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[PublishedIssuer]:
    with published_issuer() as issuer:
        yield issuer


@pytest.fixture
def provider(server: PublishedIssuer) -> PublishedIssuer:
    server.reset()
    return server


def tokens(provider: PublishedIssuer, clock: Clock | None = None, **settings: Any) -> OidcTokens:
    return OidcTokens(
        OidcSettings(provider.url, AUDIENCE, **settings), Issuer(provider.url, clock or Clock()), clock=time.time
    )


def caller_of(token: str, of: OidcTokens) -> Caller | None:
    return asyncio.run(of.caller_of(token))


def refusal(token: str, of: OidcTokens) -> str:
    with pytest.raises(BadIdToken) as refused:
        caller_of(token, of)
    return str(refused.value)


def test_a_token_names_the_user_and_the_groups_with_their_prefixes(provider: PublishedIssuer) -> None:
    caller = caller_of(provider.token(groups=["staff", "ops"]), tokens(provider))
    assert caller is not None
    assert caller.name == "oidc:alice"
    assert caller.groups == ("oidc:staff", "oidc:ops")
    assert caller.method == "Oidc"
    assert caller.expires_at is not None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"nbf": int(time.time()) + 600}, "not valid yet"),
        ({"aud": "another"}, "another audience"),
        ({"aud": None}, "no claim aud"),
        ({"exp": None}, "no claim exp"),
        ({"sub": None}, "no claim sub"),
        ({"groups": {"a": 1}}, "not a list of names"),
        ({"groups": ["g"] * 501}, "more than 500 groups"),
    ],
)
def test_a_token_with_wrong_claims_is_refused(provider: PublishedIssuer, changed: dict[str, Any], reason: str) -> None:
    assert reason in refusal(provider.token(**changed), tokens(provider))


def test_a_small_difference_of_the_clocks_is_accepted(provider: PublishedIssuer) -> None:
    now = int(time.time())
    assert caller_of(provider.token(nbf=now + 10, iat=now + 10), tokens(provider)) is not None
    assert caller_of(provider.token(exp=now - 10), tokens(provider)) is not None


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "é.é.é", "e30.e30.", "." * 3_000])
def test_a_text_that_is_no_token_of_the_provider_is_for_others(provider: PublishedIssuer, token: str) -> None:
    assert caller_of(token, tokens(provider)) is None


def test_a_token_of_another_issuer_is_for_others(provider: PublishedIssuer) -> None:
    assert caller_of(provider.token(iss="https://elsewhere.example"), tokens(provider)) is None
    assert provider.requests == []


def test_a_token_without_a_signature_is_refused(provider: PublishedIssuer) -> None:
    assert "'none'" in refusal(jwt.encode(provider.claims(), None, "none"), tokens(provider))
    header = base64url_encode(json.dumps({"alg": "nOnE", "kid": provider.key_id}).encode()).decode()
    _, claims, _ = provider.token().split(".")
    assert "not accepted" in refusal(f"{header}.{claims}.", tokens(provider))


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(provider: PublishedIssuer) -> None:
    public = provider.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    hmac = jwt.get_algorithm_by_name("HS256")
    header = base64url_encode(json.dumps({"alg": "HS256", "kid": provider.key_id}).encode())
    signed = header + b"." + base64url_encode(json.dumps(provider.claims()).encode())
    signature = base64.urlsafe_b64encode(hmac.sign(signed, public))
    assert "'HS256', which is not accepted" in refusal((signed + b"." + signature).decode(), tokens(provider))


def test_a_token_signed_with_another_key_is_refused(provider: PublishedIssuer) -> None:
    forged = jwt.encode(provider.claims(), generate_private_key(SECP256R1()), "ES256", headers={"kid": provider.key_id})
    assert "signature is wrong" in refusal(forged, tokens(provider))


def test_a_changed_token_is_refused(provider: PublishedIssuer) -> None:
    header, _, signature = provider.token().split(".")
    claims = base64url_encode(json.dumps(provider.claims(sub="root")).encode()).decode()
    assert "signature is wrong" in refusal(f"{header}.{claims}.{signature}", tokens(provider))


def test_a_key_may_not_be_used_for_another_algorithm(provider: PublishedIssuer) -> None:
    header = base64url_encode(json.dumps({"alg": "RS256", "kid": provider.key_id}).encode()).decode()
    _, claims, signature = provider.token().split(".")
    assert "not for RS256" in refusal(f"{header}.{claims}.{signature}", tokens(provider))


def test_a_new_key_of_the_provider_is_found(provider: PublishedIssuer) -> None:
    clock = Clock()
    of = tokens(provider, clock)
    old = provider.token()
    assert caller_of(old, of) is not None
    provider.rotate("second")
    clock.now += 11
    assert caller_of(provider.token(), of) is not None
    assert "has the id 'first'" in refusal(jwt_of_key_first(old), of)


def jwt_of_key_first(token: str) -> str:
    """The same token as another text, so that it is not remembered."""
    _, claims, signature = token.split(".")
    changed = jwt.get_unverified_header(token) | {"x": 1}
    return f"{base64url_encode(json.dumps(changed).encode()).decode()}.{claims}.{signature}"


def test_unknown_keys_do_not_make_requests_to_the_provider(provider: PublishedIssuer) -> None:
    clock = Clock()
    of = tokens(provider, clock)
    provider.key_id = "made up"
    for _ in range(20):
        assert "no key" in refusal(provider.token(), of)
    assert len(provider.requests) == 2
    clock.now += 11
    assert "no key" in refusal(provider.token(), of)
    assert len(provider.requests) == 4


def test_a_provider_that_is_away_is_replaced_by_what_it_published_for_a_day(provider: PublishedIssuer) -> None:
    clock = Clock()
    of = tokens(provider, clock)
    assert caller_of(provider.token(), of) is not None
    provider.away = True
    clock.now += 23 * 3_600
    assert caller_of(provider.token(sub="bob"), of) is not None
    clock.now += 2 * 3_600
    with pytest.raises(IssuerUnavailable, match="HTTP 503"):
        caller_of(provider.token(sub="carol"), of)


def test_a_provider_that_is_away_at_first_is_asked_again(provider: PublishedIssuer) -> None:
    clock = Clock()
    of = tokens(provider, clock)
    provider.away = True
    for _ in range(3):
        with pytest.raises(IssuerUnavailable):
            caller_of(provider.token(), of)
    assert len(provider.requests) == 1
    provider.away, clock.now = False, clock.now + 11
    assert caller_of(provider.token(), of) is not None


def test_a_provider_with_another_name_is_not_used(provider: PublishedIssuer) -> None:
    provider.metadata["issuer"] = "https://elsewhere.example"
    with pytest.raises(IssuerUnavailable, match=r"calls itself 'https://elsewhere\.example'"):
        caller_of(provider.token(), tokens(provider))


def test_keys_are_not_read_over_plain_http(provider: PublishedIssuer) -> None:
    provider.metadata["jwks_uri"] = "http://keys.example/keys"
    with pytest.raises(IssuerUnavailable, match="must be https"):
        caller_of(provider.token(), tokens(provider))


def test_other_claims_can_name_the_user_and_the_groups(provider: PublishedIssuer) -> None:
    of = tokens(provider, username_claim="email", groups_claim="roles", username_prefix="", groups_prefix="")
    caller = caller_of(provider.token(email="a@example.com", email_verified=True, roles="one"), of)
    assert caller is not None
    assert (caller.name, caller.groups) == ("a@example.com", ("one",))
    assert "not verified" in refusal(provider.token(email="a@example.com", email_verified=False), of)


def test_a_token_can_not_name_the_users_and_groups_of_kubernetes(provider: PublishedIssuer) -> None:
    of = tokens(provider, username_prefix="", groups_prefix="")
    assert "may not start with system:" in refusal(provider.token(sub="system:admin"), of)
    caller = caller_of(provider.token(groups=["system:masters", "ops"]), of)
    assert caller is not None
    assert caller.groups == ("ops",)
