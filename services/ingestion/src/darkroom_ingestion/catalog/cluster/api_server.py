"""Requests to the API server, as the service account of the service's pod."""

import json
import os
import ssl
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from darkroom.errors import DarkroomError

Object = dict[str, Any]

# An idle watch gets a bookmark about once a minute: a connection without data for longer is broken.
_TIMEOUT = httpx.Timeout(10.0, read=90.0)
_OK, _CREATED = 200, 201
_MOST_SHOWN = 500


class ApiError(DarkroomError):
    """The API server refused a request, or did not respond.

    Attributes:
        status: the HTTP status; 0 if there was no response.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NoCluster(DarkroomError):
    """The service does not run in a pod."""


def server_of_the_pod(environment: Mapping[str, str] = os.environ) -> str:
    """The URL of the API server of the pod's cluster.

    Raises:
        NoCluster: the service does not run in a pod.
    """
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise NoCluster("not running in a pod: set --kubernetes-server to the URL of the API server")
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"


class ApiServer:
    """The API server at `url`. `folder` has the files `token` and `ca.crt` of a service account, as in a pod."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._token = folder / "token"
        self._ca = folder / "ca.crt"

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Connection"]:
        """A connection. Reads the CA certificate now and the token for every request, because both are renewed.

        Raises:
            ApiError: the CA certificate can't be read, or a request within the block failed.
        """
        try:
            # Without TLS there is nothing to verify: the URL is that of a proxy within the pod.
            trusted = ssl.create_default_context(cafile=self._ca) if self._url.startswith("https:") else False
            async with httpx.AsyncClient(
                base_url=self._url, auth=_TokenFile(self._token), verify=trusted, timeout=_TIMEOUT, trust_env=False
            ) as client:
                yield Connection(client)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise ApiError(0, f"the API server at {self._url} can't be reached: {why}") from error
        except OSError as error:
            raise ApiError(0, f"{self._token.parent} has no readable credentials: {error}") from error


class Connection:
    """Reads, watches and creates objects. A refusal or a malformed response raises ApiError."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: str) -> Object:
        """Get an object or a list.

        Raises:
            ApiError: the API server refuses the request.
        """
        answer = await self._client.get(path, params=query)
        if answer.status_code != _OK:
            raise _refusal(answer.status_code, answer.content)
        return _parsed(answer.content)

    async def create(self, path: str, body: Object, timeout_s: float) -> Object:
        """Post an object to a collection.

        Raises:
            ApiError: the API server refuses the request, or does not respond in time.
        """
        try:
            answer = await self._client.post(path, json=body, timeout=timeout_s)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise ApiError(0, f"the API server does not respond: {why}") from error
        except OSError as error:
            raise ApiError(0, f"the token of the service account can't be read: {error}") from error
        if answer.status_code not in {_OK, _CREATED}:
            raise _refusal(answer.status_code, answer.content)
        return _parsed(answer.content)

    async def events(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Object]:
        """Yield the events of a watch, until the API server ends it.

        Raises:
            ApiError: the API server refuses the watch, also after some events; 410 if the resource version is too old.
        """
        # Compression would delay small events.
        headers = {"Accept-Encoding": "identity"}
        async with self._client.stream("GET", path, params=query, headers=headers) as answer:
            if answer.status_code != _OK:
                raise _refusal(answer.status_code, await answer.aread())
            rest = b""
            async for chunk in answer.aiter_raw():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = _parsed(line)
                    if event["type"] == "ERROR":
                        status = event["object"]
                        raise ApiError(int(status.get("code", 0)), str(status.get("message", "the watch failed")))
                    yield event


class _TokenFile(httpx.Auth):
    def __init__(self, path: Path) -> None:
        self._path = path

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._path.read_text(encoding='ascii').strip()}"
        yield request


def _refusal(status: int, content: bytes) -> ApiError:
    try:
        message = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        message = content[:_MOST_SHOWN].decode(errors="replace")
    return ApiError(status, message or f"HTTP {status}")


def _parsed(content: bytes) -> Object:
    try:
        answer: Object = json.loads(content)
    except ValueError as error:
        raise ApiError(0, f"the API server's response is not JSON: {content[:100]!r}") from error
    return answer
