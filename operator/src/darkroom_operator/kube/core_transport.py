"""Requests for Kubernetes' own kinds and ImagePipelines, through the `kubernetes` package.

Only its connections and credentials are used. Its typed models are slow, and the operator reads objects as JSON.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from darkroom_operator.kube.access import Access
from darkroom_operator.kube.transport import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    Manifest,
    Query,
    parse_response,
    unreachable,
)

_TIMEOUT = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
_LINE_END = re.compile(rb"\n")


class CoreTransport:
    """Sends requests through one connection pool."""

    def __init__(self, access: Access) -> None:
        self._client = ApiClient(access.for_kubernetes())

    def request(self, method: str, path: str, query: Query, body: Manifest | None, content_type: str) -> Manifest:
        """See `Transport.request`."""
        try:
            response = self._client.call_api(
                method, self._url(path, query), self._headers(content_type), body, _request_timeout=_TIMEOUT
            )
            content = response.read()
        except (HTTPError, ApiException) as error:
            raise unreachable(error) from error
        return parse_response(response.status, content, response.getheader("Retry-After"))

    def stream(self, path: str, query: Query, accept: str, read_timeout_s: float) -> Iterator[bytes]:
        """The lines of a streamed response, until it ends or no data arrived for `read_timeout_s`.

        Raises:
            ApiError: refused, or the connection broke.
        """
        headers = self._headers("") | {"Accept": accept}
        timeout = (CONNECT_TIMEOUT_S, read_timeout_s)
        try:
            response = self._client.call_api("GET", self._url(path, query), headers, _request_timeout=timeout)
            if response.status != 200:  # noqa: PLR2004
                parse_response(response.status, response.read(), response.getheader("Retry-After"))
            rest = b""
            for chunk in response.response.stream(None):
                *lines, rest = _LINE_END.split(rest + chunk)
                yield from filter(None, lines)
        except (HTTPError, ApiException) as error:
            raise unreachable(error) from error

    def close(self) -> None:
        """Close all connections, including those that are being read."""
        self._client.rest_client.close()

    def _url(self, path: str, query: Query) -> str:
        return f"{self._client.configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")

    def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "darkroom-operator"}
        if content_type:
            headers["Content-Type"] = content_type
        self._client.update_params_for_auth(headers, [], ["BearerToken"], "", "", None)
        return headers
