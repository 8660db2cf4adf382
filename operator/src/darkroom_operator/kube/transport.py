"""The interface of both Kubernetes clients: a request with JSON in and JSON out."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from darkroom_operator.kube.errors import ApiError

Manifest = dict[str, Any]
Query = Mapping[str, str]

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0


class Transport(Protocol):
    """Sends requests to the API server; safe to use from several threads."""

    def request(self, method: str, path: str, query: Query, body: Manifest | None, content_type: str) -> Manifest:
        """Send a request and return the object in the response.

        Raises:
            ApiError: refused, or no response in time.
        """
        ...


def parse_response(status: int, data: bytes, retry_after: str | None) -> Manifest:
    """The object in a response.

    Raises:
        ApiError: the API server refused the request, or did not send JSON.
    """
    content = _json(data)
    if status < 300:  # noqa: PLR2004
        if content is None:
            start = data[:200].decode(errors="replace")
            raise ApiError(0, "InvalidResponse", f"the API server did not send JSON: {start}")
        return content
    content = content or {}
    retry_after_s = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
    message = content.get("message") or data.decode(errors="replace")[:500] or f"HTTP status {status}"
    raise ApiError(status, content.get("reason") or f"Http{status}", message, retry_after_s)


def unreachable(error: Exception) -> ApiError:
    """The error of a request that got no response because of `error`."""
    return ApiError(0, "Unreachable", f"the API server can't be reached: {error}")


def _json(data: bytes) -> Manifest | None:
    try:
        content = json.loads(data)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
