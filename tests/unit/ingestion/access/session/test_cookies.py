"""Cookies: their attributes and where they are read from."""

import pytest

from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.session.cookies import (
    SESSION,
    TooLargeForCookie,
    cleared_cookie,
    must_be_secure,
    read_cookie,
    set_cookie,
)


@pytest.mark.parametrize(
    ("scheme", "host", "secure"),
    [
        ("http", "127.0.0.1:8080", False),
        ("http", "localhost", False),
        ("http", "[::1]:8080", False),
        ("http", "app.localhost:1", False),
        ("http", "darkroom.example.com", True),
        ("http", "127.0.0.1.example.com", True),
        ("http", "", True),
        ("http", "[", True),
        ("https", "127.0.0.1:8443", True),
    ],
)
def test_cookies_are_for_tls_only_but_on_loopback(scheme: str, host: str, secure: bool) -> None:
    head = Head({"type": "http", "scheme": scheme, "headers": [(b"host", host.encode())]})
    assert must_be_secure(head) is secure


def test_the_attributes_of_a_cookie() -> None:
    secure = set_cookie(SESSION, "v", 60, secure=True, same_site="Strict")
    assert secure == "__Host-darkroom_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
    plain = set_cookie(SESSION, "v", 60, secure=False, same_site="Lax")
    assert plain == "darkroom_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
    assert "Max-Age=0" in cleared_cookie(SESSION, secure=True)


def test_a_cookie_that_browsers_would_drop_is_refused() -> None:
    with pytest.raises(TooLargeForCookie):
        set_cookie(SESSION, "v" * 4_000, 60, secure=True, same_site="Strict")


def test_a_cookie_is_read_from_any_of_the_headers() -> None:
    headers = [(b"cookie", b"a=b; darkroom_session=x=y"), (b"cookie", b"c=d")]
    assert read_cookie(headers, SESSION, secure=False) == "x=y"
    assert read_cookie(headers, SESSION, secure=True) is None
    assert read_cookie([(b"cookie", b"__Host-darkroom_session=z")], SESSION, secure=True) == "z"
    assert read_cookie([], SESSION, secure=False) is None


def test_a_cookie_that_is_there_twice_is_not_used() -> None:
    assert read_cookie([(b"cookie", b"darkroom_session=a; darkroom_session=b")], SESSION, secure=False) is None
