"""Redirects: permitted addresses, encryption and credentials."""

import asyncio
from collections.abc import Mapping

import pytest
from yarl import URL

from darkroom_vision.sources.addresses import address_policy
from darkroom_vision.sources.failures import Refused
from darkroom_vision.sources.http_client import HttpClient
from tests.support.model_servers.file_server import file_server

CONTENT = b"content"
SECRET = {"Authorization": "Bearer secret"}


def get(url: str, *, client_of: str | None = None, environment: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    async def request() -> tuple[int, bytes]:
        policy = address_policy(environment or {})
        async with HttpClient(URL(client_of or url), policy) as client, client.open(URL(url), SECRET) as response:
            return response.status, await response.read()

    return asyncio.run(request())


def test_a_named_server_may_be_private() -> None:
    with file_server(CONTENT) as server:
        assert get(server.url) == (200, CONTENT)
        assert get(server.url.replace("127.0.0.1", "localhost")) == (200, CONTENT)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_redirect_to_a_private_address_or_a_name_for_one_is_refused(host: str) -> None:
    with file_server(CONTENT) as server, file_server(CONTENT) as private:
        server.redirect = f"http://{host}:{private.server_port}/secrets"
        with pytest.raises(Refused, match=r"it redirects to .*, which is not a public address; DARKROOM_ALLOW"):
            get(server.url)
    assert private.authorizations == set()


def test_a_network_can_be_allowed_and_gets_no_credentials() -> None:
    with file_server(CONTENT) as server, file_server(CONTENT) as private:
        server.redirect = private.url
        assert get(server.url, environment={"DARKROOM_ALLOW_PRIVATE_REDIRECTS": "127.0.0.0/8"}) == (200, CONTENT)
    assert (server.authorizations, private.authorizations) == ({"Bearer secret"}, {None})


def test_a_redirect_on_the_same_server_is_followed_but_not_for_ever() -> None:
    with file_server(CONTENT) as server:
        server.redirect = "/again"
        with pytest.raises(Refused, match="it redirects more than 10 times"):
            get(server.url)
    assert server.authorizations == {"Bearer secret"}


def test_another_server_that_the_first_refers_to_is_checked_too() -> None:
    with (
        file_server(CONTENT) as server,
        pytest.raises(Refused, match=r"it refers to 127\.0\.0\.1, which is not a public"),
    ):
        get(server.url, client_of="http://registry.example")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("ftp://example.org/m.onnx", "not an http or https URL"),
        ("file:///etc/passwd", "not an http or https URL"),
        ("http://[", "not a URL"),
    ],
)
def test_a_redirect_to_another_protocol_is_refused(target: str, message: str) -> None:
    with file_server(CONTENT) as server:
        server.redirect = target
        with pytest.raises(Refused, match=message):
            get(server.url)


def test_https_does_not_become_http() -> None:
    with pytest.raises(Refused, match=r"it refers to http://example\.org, which is not encrypted"):
        get("http://example.org", client_of="https://example.org")


def test_a_link_local_server_needs_permission_even_if_it_is_named() -> None:
    with pytest.raises(Refused, match=r"169\.254\.169\.254 has a link-local address; DARKROOM_ALLOW"):
        get("http://169.254.169.254/latest/meta-data")
