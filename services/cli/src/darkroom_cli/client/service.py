"""The HTTP client of the ingestion service: retries, and problem documents as errors."""

import random
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self

import httpx

from darkroom.errors import DarkroomError
from darkroom_cli.client.bearer_auth import BearerAuth
from darkroom_cli.client.denials import advice
from darkroom_cli.client.retries import delay_s, is_temporary, retry_after_s
from darkroom_cli.client.tokens import TokenSource, check_address, is_this_machine
from darkroom_cli.exit_codes import InvalidInput, Unreachable

_CONNECT_TIMEOUT_S = 5.0
_ANSWER_TIMEOUT_S = 30.0
_KEEP_TRYING_S = 60.0
_INVALID = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_START_IT = "start it with `darkroom up`, or give its address with --url"
_ERRNO = re.compile(r"^\[Errno \d+\] ")

Document = dict[str, Any]


class Refused(DarkroomError):
    """The service responded with a problem document."""

    def __init__(self, status: int, detail: str) -> None:
        """The HTTP status, and the problem's detail."""
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True)
class Route:
    """A way to a service other than its URL.

    Attributes:
        name: the service's name in messages.
        transport: how to connect.
        if_unreachable: what to do if it does not respond.
    """

    name: str
    transport: httpx.BaseTransport
    if_unreachable: str


class Service:
    """The ingestion service at a URL. May be shared by threads.

    Attributes:
        url: the URL, or the name of its route.
        namespace: only pipelines of this namespace are used; all if it is None.
        has_token: whether requests have a token, whose rights may hide pipelines from lists.
    """

    def __init__(
        self,
        url: str,
        connections: int = 8,
        keep_trying_s: float = _KEEP_TRYING_S,
        *,
        namespace: str | None = None,
        route: Route | None = None,
        tokens: TokenSource | None = None,
        insecure: bool = False,
    ) -> None:
        """Sends nothing yet.

        Args:
            url: the service's URL.
            connections: the maximum number of connections.
            keep_trying_s: how long a busy service is tried again.
            namespace: only pipelines of this namespace are used; all if it is None.
            route: how to connect; to the host in the URL if it is None.
            tokens: the source of the token of every request; None for requests without.
            insecure: whether a token may be sent unencrypted to another machine.

        Raises:
            InvalidInput: the URL is invalid, or a token would be sent unencrypted.
        """
        self.url = url.rstrip("/") if route is None else route.name
        self.namespace = namespace
        self.has_token = tokens is not None
        self._if_unreachable = _START_IT if route is None else route.if_unreachable
        self._keep_trying_s = keep_trying_s
        try:
            base = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise InvalidInput(f"--url {url}: {error}") from error
        if base.scheme not in {"http", "https"} or not base.host:
            raise InvalidInput(f"--url {url}: write it as http://HOST:PORT")
        if tokens is not None:
            check_address(base, insecure=insecure)
        self.http = httpx.Client(
            base_url=base,
            timeout=httpx.Timeout(_ANSWER_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S, pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"User-Agent": "darkroom"},
            transport=None if route is None else route.transport,
            auth=None if tokens is None else BearerAuth(tokens),
            # A proxy would see the token of a request to this machine, which needs none.
            trust_env=not (tokens is not None and is_this_machine(base.host)),
        )

    def __enter__(self) -> Self:
        """The service itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.http.close()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> httpx.Response:
        """The response to a GET.

        Raises:
            Refused: the service rejects the request.
            Unreachable: it doesn't answer.
        """
        return self.send("GET", path, params=params)

    def pages(self, path: str, items: str, params: Mapping[str, str | int]) -> Iterator[Document]:
        """The members of the list called `items`, page after page.

        Raises:
            Refused: the service rejects the request.
            Unreachable: it doesn't answer.
        """
        after: str | None = None
        while True:
            page = self.get(path, {**params, **({"after": after} if after else {})}).json()
            yield from page[items]
            if not (after := page.get("next")):
                return

    def send(self, method: str, path: str, *, resend: bool = False, **rest: Any) -> httpx.Response:
        """Send a request. Retries while the service is busy.

        Args:
            method: HTTP method.
            path: path below the service's URL.
            resend: whether to retry after a lost connection too; only for requests that are safe to repeat.
            rest: more arguments of httpx.Client.request.

        Raises:
            Refused: the service rejects the request.
            Unreachable: the service doesn't respond, or is busy for too long.
        """
        deadline = time.monotonic() + self._keep_trying_s
        attempt = 0
        while True:
            attempt += 1
            asked_for_s = None
            try:
                response = self.http.request(method, path, **rest)
            except httpx.TransportError as error:
                problem: DarkroomError = self._unreachable(error)
                # A GET may be repeated, but if nothing listens, retrying does not help.
                lost = method == "GET" and not isinstance(error, httpx.ConnectError)
                if not (resend or lost):
                    raise problem from error
            else:
                if not response.is_error:
                    return response
                problem = refusal(response)
                if not is_temporary(response.status_code):
                    raise problem
                asked_for_s = retry_after_s(response.headers, datetime.now(UTC))
            delay = delay_s(attempt, asked_for_s, random.random())
            if time.monotonic() + delay > deadline:
                raise Unreachable(f"{problem} (tried for {self._keep_trying_s:.0f} s)")
            time.sleep(delay)

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        reason = _ERRNO.sub("", str(error)) or type(error).__name__
        return Unreachable(f"no service responds at {self.url} ({reason}): {self._if_unreachable}")


def refusal(response: httpx.Response) -> Refused | InvalidInput:
    """The error for a response that is not a success: the detail of its problem document, if it has one, and advice."""
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        status = f"{response.status_code} {response.reason_phrase}"
        detail = f"{response.request.url} responded with {status}: is it a Darkroom service?"
    if response.status_code in _INVALID:
        return InvalidInput(detail)
    if help_text := advice(response.status_code, response.request):
        detail = f"{detail.rstrip('.')}: {help_text}"
    return Refused(response.status_code, detail)
