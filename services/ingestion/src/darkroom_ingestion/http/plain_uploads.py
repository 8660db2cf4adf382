"""Plain uploads: a POST with one image as its body and nothing that needs the framework.

FastAPI's routing and validation cost several times as much as the rest of such a request. Every other request goes to
the route `post_images`, which describes this one too in the OpenAPI document. Both respond alike.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.http.middleware.loopback import is_local_host
from darkroom_ingestion.http.problems import answer
from darkroom_ingestion.http.requests.admission import is_accepted
from darkroom_ingestion.http.routes.described import json_text
from darkroom_ingestion.http.routes.post_images import GetHeader, accepted, location, read_upload, router, trace_headers
from darkroom_ingestion.images.ids import new_image_id
from darkroom_ingestion.images.submission import Sender
from darkroom_ingestion.records.answers import ReceivedImage

if TYPE_CHECKING:
    from starlette.datastructures import State

    from darkroom_ingestion.http.context import Services

[_ROUTE] = router.routes
_PATH: Final = re.compile("/v1/pipelines/([^/]+/[^/]+)/images")
_QUERY: Final = re.compile(rb"(?:key=([A-Za-z0-9._~-]{1,256}))?")
_OTHERS: Final = frozenset({"origin", "prefer", "idempotency-key"})
"""Headers that only the framework's route handles."""


@dataclass(frozen=True)
class _Plain:
    """A plain upload whose body is not read yet."""

    served: ServedPipeline
    header: GetHeader
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
            image = await _accept(self._state.services, upload, receive)
        except Exception as error:  # noqa: BLE001 - every error has a response
            await answer(problem_of(error), scope["path"])(scope, receive, send)
            return
        body = json_text(accepted(image))
        headers = [
            (b"content-length", str(len(body)).encode()),
            (b"content-type", b"application/json"),
            (b"location", location(upload.served, image).encode()),
        ]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _plain(self, scope: Scope) -> _Plain | None:
        """The upload; None if the request is for the framework."""
        path, query = _PATH.fullmatch(scope["path"]), _QUERY.fullmatch(scope["query_string"])
        if path is None or query is None:
            return None
        served = self._state.services.links.pipelines.get(path[1])
        headers: dict[str, str] = {}
        for encoded, value in scope["headers"]:
            name = encoded.decode("latin-1")
            if name in _OTHERS or name in headers:
                return None
            headers[name] = value.decode("latin-1")
        refused = self._local_hosts_only and not is_local_host(headers.get("host", ""))
        if served is None or refused or not is_accepted(headers.get("content-type")):
            return None
        key = query[1].decode() if query[1] else None
        return _Plain(served, headers.get, Sender(key, trace=trace_headers(headers.get)))


async def _accept(services: "Services", plain: _Plain, receive: Receive) -> ReceivedImage:
    with services.memory.share() as share:
        upload = await read_upload(receive, plain.header, services, plain.served, share)
        image_id = new_image_id()
        bind_contextvars(image_id=image_id)
        return await services.submissions.publish(plain.served, image_id, upload, plain.sender)
