"""Requests to a provider: with a timeout, a limit for the response, and never over plain HTTP but on loopback."""

import json
import ssl
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from darkroom_ingestion.access.oidc.errors import IssuerUnavailable
from darkroom_ingestion.access.session.cookies import is_loopback_host

_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 1_048_576
_OK: Final = 200


async def fetch_json(request: httpx.Request, auth: httpx.Auth | None = None) -> tuple[int, dict[str, Any]]:
    """Send a request. Returns the status and the JSON object of the response.

    Raises:
        IssuerUnavailable: there was no response in time, or none that is a JSON object.
    """
    url = str(request.url)
    check_address(url)
    try:
        # Redirects are not followed: they could lead to plain HTTP.
        verify = _trusted() if request.url.scheme == "https" else False
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, verify=verify) as client:
            answer = await client.send(request, auth=auth, stream=True)
            try:
                body = await _limited_body(answer, url)
            finally:
                await answer.aclose()
        document = json.loads(body)
    except httpx.HTTPError as error:
        raise IssuerUnavailable(f"{url} can't be reached: {str(error) or type(error).__name__}") from error
    except ValueError:
        raise IssuerUnavailable(f"{url}: the response is not JSON (HTTP {answer.status_code})") from None
    if not isinstance(document, dict):
        raise IssuerUnavailable(f"{url}: the response is not a JSON object (HTTP {answer.status_code})")
    return answer.status_code, document


async def get_json(url: str) -> dict[str, Any]:
    """The JSON object at `url`.

    Raises:
        IssuerUnavailable: there is none.
    """
    status, document = await fetch_json(httpx.Request("GET", url, headers={"Accept": "application/json"}))
    if status != _OK:
        raise IssuerUnavailable(f"{url}: HTTP {status}")
    return document


def check_address(url: str) -> None:
    """Check that nobody on the way can change what the provider says.

    Raises:
        IssuerUnavailable: the address is not HTTPS, nor on loopback.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(parts.netloc)):
        raise IssuerUnavailable(f"{url}: the addresses of an OpenID Connect provider must be https")


@cache
def _trusted() -> ssl.SSLContext:
    """The certificate authorities of the system, or of SSL_CERT_FILE. Reading them takes a tenth of a second."""
    return httpx.create_ssl_context()


async def _limited_body(answer: httpx.Response, url: str) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise IssuerUnavailable(f"{url}: the response is larger than {_MOST_BYTES} bytes")
    return bytes(body)
