"""A client of the Kubernetes API with the verbs that the test tools need: JSON in, JSON out. Thread-safe.

The typed client is too slow for a stand-in for an operator that owns 5,000 topics on half a core.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlencode

from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError

Manifest = dict[str, Any]

CONNECTIONS = 16
TIMEOUT = Timeout(connect=5, read=90)
WATCH_S = 60
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


class ApiError(Exception):
    """The API server's refusal, with its message."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason

    @property
    def passes(self) -> bool:
        """Whether the same request may succeed later."""
        return self.code == 429 or self.code >= 500


class Api:
    """One user's connections to an API server. Paths are absolute: `/api/v1/namespaces/demo/pods/x/status`."""

    def __init__(self, configuration: Configuration) -> None:
        configuration.connection_pool_maxsize = CONNECTIONS
        self._configuration = configuration
        self._pool = RESTClientObject(configuration).pool_manager

    def get(self, path: str, **query: str | int) -> Manifest:
        return self._json("GET", path, None, "", query)

    def find(self, path: str) -> Manifest | None:
        """The object at `path`, or None if there is none."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def ok(self, path: str) -> bool:
        """Whether a health endpoint, which does not return JSON, reports success."""
        try:
            return self._send("GET", path, None, "", {}, stream=False).status == 200
        except ApiError:
            return False

    def create(self, path: str, body: Manifest) -> Manifest:
        return self._json("POST", path, body, "application/json", {})

    def replace(self, path: str, body: Manifest) -> Manifest:
        return self._json("PUT", path, body, "application/json", {})

    def merge(self, path: str, patch: Manifest, **query: str) -> Manifest:
        """A JSON merge patch."""
        return self._json("PATCH", path, patch, MERGE_PATCH, query)

    def apply(self, path: str, body: Manifest, field_manager: str = "tests") -> Manifest:
        """Server-side apply, taking over fields that others own."""
        return self._json("PATCH", path, body, APPLY_PATCH, {"fieldManager": field_manager, "force": "true"})

    def delete(self, path: str, options: Manifest | None = None, **query: str) -> None:
        """Delete the object at `path`, or all that `query` selects. Missing objects are ignored."""
        try:
            self._json("DELETE", path, options, "application/json", query)
        except ApiError as error:
            if error.code != 404:
                raise

    def watch(self, path: str, resource_version: str, **query: str) -> "Watch":
        """The events after `resource_version`, until the API server ends the stream.

        Raises:
            ApiError: Also while events are read. Code 410: the version is too old; list again.
        """
        options = {"watch": 1, "resourceVersion": resource_version, "allowWatchBookmarks": 1, "timeoutSeconds": WATCH_S}
        return Watch(self._send("GET", path, None, "", {**query, **options}, stream=True))

    def _json(
        self, method: str, path: str, body: Manifest | None, content_type: str, query: dict[str, Any]
    ) -> Manifest:
        answer: Manifest = json.loads(self._send(method, path, body, content_type, query, stream=False).data)
        return answer

    def _send(
        self, method: str, path: str, body: Manifest | None, content_type: str, query: dict[str, Any], *, stream: bool
    ) -> BaseHTTPResponse:
        headers = {"Accept": "application/json"}
        if token := self._configuration.get_api_key_with_prefix("BearerToken"):
            headers["Authorization"] = token
        if body is not None:
            headers["Content-Type"] = content_type
        url = f"{self._configuration.host}{path}?{urlencode(query)}"
        content = json.dumps(body) if body is not None else None
        response = self._pool.request(
            method, url, body=content, headers=headers, timeout=TIMEOUT, retries=False, preload_content=not stream
        )
        if response.status >= 400:
            raise _refusal(response)
        return response


class Watch:
    """A stream of events, to iterate once."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response = response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()

    def stop(self) -> None:
        """End the stream. Call it from another thread than the reader's."""
        with contextlib.suppress(OSError, RuntimeError, ValueError):  # the stream has already ended
            self._response.shutdown()

    def __iter__(self) -> Iterator[Manifest]:
        rest = b""
        for chunk in self._response.stream(2**16):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(status.get("code", 500), status.get("reason", ""), status.get("message", ""))
                yield event


def _refusal(response: BaseHTTPResponse) -> ApiError:
    try:
        status = json.loads(response.data)
        return ApiError(response.status, status.get("reason", ""), status.get("message", ""))
    except (ValueError, AttributeError, HTTPError):
        return ApiError(response.status, response.reason or "", response.data.decode(errors="replace")[:500])
