"""Plain uploads: a POST with one image as its body and nothing that needs the framework.

FastAPI's routing and validation cost several times as much as the rest of such a request. Every other request goes to
the route `post_images`, which describes this one too in the OpenAPI document. Both respond alike.
"""

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from darkroom.cloudevents import TRACE_HEADERS
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.http.middleware.instrumented import LOG_IDS
from darkroom_ingestion.http.middleware.loopback import is_local_host
from darkroom_ingestion.http.middleware.request_span import span_of
from darkroom_ingestion.http.problems import answer
from darkroom_ingestion.http.requests.admission import admit, is_accepted
from darkroom_ingestion.http.requests.bodies import check_body, read_body
from darkroom_ingestion.http.requests.callers import byte_budget
from darkroom_ingestion.http.routes.post_images import location, router, trace_headers
from darkroom_ingestion.http.server import ARRIVED, RESPOND
from darkroom_ingestion.images.ids import new_image_id
from darkroom_ingestion.images.submission import Sender, Upload
from darkroom_ingestion.records.answers import ReceivedImage

if TYPE_CHECKING:
    from starlette.datastructures import State

    from darkroom_ingestion.http.context import Services

[_ROUTE] = router.routes
_PATH: Final = re.compile("/v1/pipelines/([^/]+/[^/]+)/images")
_QUERY: Final = re.compile(rb"(?:key=([A-Za-z0-9._~-]{1,256}))?")
_OTHERS: Final = frozenset({b"origin", b"prefer", b"idempotency-key"})
"""Headers that only the framework's route handles."""
_TRACE_HEADERS: Final = frozenset(name.encode() for name in TRACE_HEADERS)
_NO_TRACE: Final[dict[str, str]] = {}


class _Plain(NamedTuple):
    """A plain upload whose body is not read yet."""

    served: ServedPipeline
    content_type: str | None
    announced: str | None
    sender: Sender


class PlainUploads:
    """ASGI application: handles plain uploads, and passes every other request to `app`.

    Args:
        state: that of the application, with its services.
        local_hosts_only: whether `app` refuses requests whose Host is not of this machine or its network.
    """

    def __init__(self, app: ASGIApp, state: "State", *, local_hosts_only: bool) -> None:
        self._app, self._state, self._local_hosts_only = app, state, local_hosts_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        upload = self._plain(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        if upload is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = _ROUTE
        try:
            image = await _accept(self._state.services, upload, scope, receive)
        except Exception as error:  # noqa: BLE001 - every error has a response
            await answer(problem_of(error), scope["path"])(scope, receive, send)
            return
        # Nothing in an id or the name of a topic needs escapes.
        body = b'{"id": "%b", "topic": "%b", "partition": %d, "offset": %d}' % (
            *(image.id.encode(), image.topic.encode(), image.partition, image.offset),
        )
        headers = b"content-type: application/json\r\nlocation: %b\r\n" % location(upload.served, image).encode()
        await scope[RESPOND](202, headers, body)

    def _plain(self, scope: Scope) -> _Plain | None:
        """The upload; None if the request is for the framework."""
        path, query = _PATH.fullmatch(scope["path"]), _QUERY.fullmatch(scope["query_string"])
        if path is None or query is None:
            return None
        served = self._state.services.links.pipelines.get(path[1])
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if served is None or len(headers) < len(scope["headers"]) or not _OTHERS.isdisjoint(headers):
            return None

        content_type = _text(headers, b"content-type")
        refused = self._local_hosts_only and not is_local_host(_text(headers, b"host") or "")
        if refused or not is_accepted(content_type):
            return None
        key = query[1].decode() if query[1] else None
        trace = _NO_TRACE if _TRACE_HEADERS.isdisjoint(headers) else trace_headers(lambda n: _text(headers, n.encode()))
        return _Plain(
            served, content_type, _text(headers, b"content-length"), Sender(key, trace=trace, span=span_of(scope))
        )


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


async def _accept(services: "Services", plain: _Plain, scope: Scope, receive: Receive) -> ReceivedImage:
    served, limit = plain.served, plain.served.max_image_bytes
    budget = byte_budget(services, scope)
    with services.memory.share() as share:
        body: bytes | None = scope[ARRIVED]()
        if body is None:
            silence_s = services.settings.body_timeout_s
            body = await read_body(
                receive, plain.announced, limit=limit, silence_s=silence_s, share=share, budget=budget
            )
        else:
            check_body(body, limit, share, budget)
        upload = Upload(body, admit(plain.content_type, body))
        image_id = scope[LOG_IDS]["image_id"] = new_image_id()
        return await services.submissions.publish(served, image_id, upload, plain.sender)
