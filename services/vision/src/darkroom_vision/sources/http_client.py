"""HTTP requests whose redirects are followed only to permitted addresses, and without credentials to other servers."""

import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Final, Self

from aiohttp import ClientResponse, ClientSession, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from darkroom_vision.sources.addresses import ALLOW, AddressPolicy
from darkroom_vision.sources.failures import Refused

_CONNECT_TIMEOUT_S: Final = 10.0
_READ_TIMEOUT_S: Final = 60.0
_MOST_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class HttpClient:
    """Requests to one server, and to those that it refers to.

    Every connection is made to an address that the policy has permitted, so a host name that resolves to another
    address a moment later gains nothing.
    """

    def __init__(self, server: URL, policy: AddressPolicy) -> None:
        """Of `server`, only scheme, host and port count."""
        self._server = server.origin()
        self._policy = policy
        self._sessions = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._named = await self._sessions.enter_async_context(_session(self._policy, is_named=True))
        self._others = await self._sessions.enter_async_context(_session(self._policy, is_named=False))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sessions.aclose()

    @asynccontextmanager
    async def open(
        self,
        url: URL,
        headers: Mapping[str, str],
        *,
        form: Mapping[str, str] | None = None,
        relation: str = "it refers to",
    ) -> AsyncIterator[ClientResponse]:
        """The response to a request, of any status but a redirect.

        Args:
            url: http or https.
            headers: `Authorization` is omitted after a redirect to another scheme, host or port.
            form: fields to POST; by default, the request is a GET. A POST is not redirected.
            relation: how the client's server referred to a `url` on another server, for errors.

        Raises:
            Refused: the server refers to an address that is not permitted, or from https to http.
            aiohttp.ClientError, OSError: as in aiohttp.
        """
        _check_scheme(self._server, url, relation)
        sent = {"Accept-Encoding": "identity", **headers}
        for _ in range(_MOST_REDIRECTS):
            async with self._request(url, sent, form, relation) as response:
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or location is None or form is not None:
                    yield response
                    return
            relation = "it redirects to"
            target = _target(url, location)
            _check_scheme(url, target, relation)
            if target.origin() != url.origin():
                sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
            url = target
        raise Refused(f"it redirects more than {_MOST_REDIRECTS} times")

    @asynccontextmanager
    async def _request(
        self, url: URL, headers: Mapping[str, str], form: Mapping[str, str] | None, relation: str
    ) -> AsyncIterator[ClientResponse]:
        is_named = url.origin() == self._server
        session = self._named if is_named else self._others
        try:
            _check_literal(url.host or "", self._policy, is_named=is_named)
            method = "GET" if form is None else "POST"
            response = await session.request(method, url, headers=headers, data=form, allow_redirects=False)
        except _NotPermitted as error:
            about = (
                f"{url.host} has a link-local address"
                if is_named
                else f"{relation} {url.host}, which is not a public address"
            )
            raise Refused(f"{about}; {ALLOW}=1 in the stage's template.env allows it") from error
        async with response:
            yield response


class _NotPermitted(Exception):
    """A host has no address that the policy permits."""


class _Resolver(AbstractResolver):
    """Resolves to the permitted addresses."""

    def __init__(self, policy: AddressPolicy, *, is_named: bool) -> None:
        self._policy = policy
        self._is_named = is_named
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        permitted = [one for one in found if _permits(self._policy, one["host"], is_named=self._is_named)]
        if not permitted:
            raise _NotPermitted
        return permitted

    async def close(self) -> None:
        await self._resolver.close()


def _session(policy: AddressPolicy, *, is_named: bool) -> ClientSession:
    timeout = ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_READ_TIMEOUT_S)
    return ClientSession(connector=TCPConnector(resolver=_Resolver(policy, is_named=is_named)), timeout=timeout)


def _check_literal(host: str, policy: AddressPolicy, *, is_named: bool) -> None:
    """Check a host that is an address, for which aiohttp asks no resolver. It refuses forms such as 127.1 itself."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not _permits(policy, host, is_named=is_named):
        raise _NotPermitted


def _permits(policy: AddressPolicy, address: str, *, is_named: bool) -> bool:
    return policy.permits(ipaddress.ip_address(address.partition("%")[0]), is_named=is_named)


def _target(url: URL, location: str) -> URL:
    try:
        return url.join(URL(location))
    except ValueError as error:
        raise Refused(f"it redirects to {location[:200]!r}, which is not a URL") from error


def _check_scheme(source: URL, target: URL, relation: str) -> None:
    if target.scheme not in {"http", "https"} or not target.host:
        raise Refused(f"{relation} {target}, which is not an http or https URL")
    if source.scheme == "https" and target.scheme == "http":
        raise Refused(f"{relation} {target.origin()}, which is not encrypted")
