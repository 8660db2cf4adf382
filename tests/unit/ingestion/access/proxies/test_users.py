"""Callers that a trusted proxy names."""

import asyncio
from ipaddress import ip_network

import pytest

from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import BadCredential
from darkroom_ingestion.access.proxies.users import TrustedProxy
from darkroom_ingestion.sign_in_settings import SignInSettings

PROXY = TrustedProxy(SignInSettings(trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("fd00::/8"))))


def caller(
    *headers: tuple[str, str], address: str = "10.1.2.3", method: str = "GET", proxy: TrustedProxy = PROXY
) -> Caller | None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "method": method, "headers": raw, "client": (address, 1)}
    return asyncio.run(proxy.authenticate(Head(scope)))


def test_the_proxy_names_the_user_and_the_groups() -> None:
    named = caller(("X-Forwarded-User", "zoë"), ("X-Forwarded-Groups", "a, b,"), ("X-Forwarded-Groups", "c"))
    assert named == Caller("zoë", ("a", "b", "c"), "Proxy")
    assert caller() is None


@pytest.mark.parametrize("address", ["11.0.0.1", "127.0.0.1", "::1", "", "unix"])
def test_the_headers_of_others_do_not_count(address: str) -> None:
    assert caller(("X-Forwarded-User", "root"), address=address) is None


@pytest.mark.parametrize("address", ["10.255.0.1", "::ffff:10.0.0.1", "fd00::1"])
def test_addresses_of_both_families_are_trusted(address: str) -> None:
    assert caller(("X-Forwarded-User", "zoe"), address=address) is not None


def test_headers_that_a_client_may_have_added_are_refused() -> None:
    with pytest.raises(BadCredential, match="must replace what clients send"):
        caller(("X-Forwarded-User", "root"), ("X-Forwarded-User", "zoe"))
    with pytest.raises(BadCredential, match="without a name"):
        caller(("X-Forwarded-User", " "))


def test_the_users_and_groups_of_kubernetes_can_not_be_named() -> None:
    with pytest.raises(BadCredential, match="may not start with system:"):
        caller(("X-Forwarded-User", "system:admin"))
    named = caller(("X-Forwarded-User", "zoe"), ("X-Forwarded-Groups", "system:masters,ops"))
    assert named is not None
    assert named.groups == ("ops",)


def test_pages_of_other_sites_can_not_use_the_login_at_the_proxy() -> None:
    user, foreign = ("X-Forwarded-User", "zoe"), ("Sec-Fetch-Site", "cross-site")
    with pytest.raises(BadCredential, match="page of another site"):
        caller(user, foreign, method="POST")
    assert caller(user, foreign) is not None
    assert caller(user, ("Sec-Fetch-Site", "same-origin"), method="POST") is not None
    assert caller(user, method="POST") is not None
