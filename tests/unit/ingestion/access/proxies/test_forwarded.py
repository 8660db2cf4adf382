"""The client's address behind trusted proxies."""

from ipaddress import ip_network

import pytest

from darkroom_ingestion.access.proxies.forwarded import forwarded_client

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["192.0.2.9, 192.0.2.7"], "192.0.2.7"),  # the client has made up the first one
        ("10.0.0.1", ["192.0.2.9", "192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["192.0.2.7, 10.0.0.2"], "192.0.2.7"),  # two proxies
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),  # a client within the network of the proxies
        ("10.0.0.1", ["192.0.2.7:4711"], "192.0.2.7"),
        ("fd00::1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.7, unknown"], "10.0.0.1"),
        ("192.0.2.8", ["192.0.2.7"], "192.0.2.8"),  # not a trusted proxy
        ("", ["192.0.2.7"], ""),
    ],
)
def test_the_last_address_that_is_not_of_a_trusted_proxy_is_the_client(
    peer: str, forwarded: list[str], client: str
) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    assert forwarded_client(headers, peer, PROXIES) == client
