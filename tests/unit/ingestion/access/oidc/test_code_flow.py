"""The login in a browser: its addresses, and what its answer must have."""

from urllib.parse import parse_qs, urlsplit

import pytest

from darkroom_ingestion.access.oidc.code_flow import Login, authorization_url, code_of, is_page
from darkroom_ingestion.access.oidc.errors import IssuerUnavailable, LoginFailed
from darkroom_ingestion.sign_in_settings import OidcSettings

ISSUER = "https://issuer.example"
SETTINGS = OidcSettings(ISSUER, "darkroom", client_id="darkroom")
REDIRECT = "https://darkroom.example/v1/session/callback"


def test_the_challenge_is_that_of_the_standard() -> None:
    # Source: RFC 7636, appendix B.
    login = Login("s", "n", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "/")
    metadata = {"authorization_endpoint": f"{ISSUER}/auth?tenant=1", "scopes_supported": ["openid", "email", "groups"]}
    url = urlsplit(authorization_url(metadata, SETTINGS, login, REDIRECT))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert url.path == "/auth"
    assert query == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "darkroom",
        "redirect_uri": REDIRECT,
        "scope": "openid email groups",
        "state": "s",
        "nonce": "n",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }


def test_a_browser_is_not_sent_to_a_plain_http_address() -> None:
    with pytest.raises(IssuerUnavailable, match="must be https"):
        authorization_url({"authorization_endpoint": "http://x.example/auth"}, SETTINGS, Login.begin("/"), REDIRECT)


def test_every_login_is_another() -> None:
    assert len({Login.begin("/") for _ in range(5)}) == 5


@pytest.mark.parametrize("page", ["/", "/?a=b", "/p/demo/digits/explore?label=seven&from=2026-01-01T00:00:00Z", "/p/"])
def test_a_login_returns_to_a_page_of_the_console(page: str) -> None:
    assert is_page(page)
    assert Login.begin(page).page == page


@pytest.mark.parametrize(
    "page",
    [
        *("", "//evil.example", "/\\evil.example", "https://evil.example", "/p/../../v1/x\\", "/v1/session/login"),
        *("/p/a\nSet-Cookie: x", "/p/a b", "/p/ä", "/p/" + "a" * 1_000, "javascript:alert(1)", "/p/a#b"),
    ],
)
def test_a_login_does_not_return_elsewhere(page: str) -> None:
    assert not is_page(page)
    assert Login.begin(page).page == "/"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"code": "c"}, "not the one that this browser has begun"),
        ({"code": "c", "state": "other"}, "not the one that this browser has begun"),
        ({"code": "c", "state": "s", "iss": "https://other.example"}, "another provider"),
        ({"state": "s", "error": "access_denied", "error_description": "no"}, "access_denied: no"),
        ({"state": "s"}, "no code"),
    ],
)
def test_an_answer_that_is_not_of_the_login_is_refused(query: dict[str, str], message: str) -> None:
    with pytest.raises(LoginFailed, match=message):
        code_of(query, Login("s", "n", "v", "/"), ISSUER)


def test_the_code_of_an_answer() -> None:
    assert code_of({"state": "s", "code": "c", "iss": ISSUER}, Login("s", "n", "v", "/"), ISSUER) == "c"
