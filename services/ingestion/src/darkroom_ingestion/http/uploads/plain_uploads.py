"""Plain uploads as an ASGI application, for those whose body arrives in parts, and for those that are refused.

FastAPI's routing and validation cost several times as much as the rest of such a request. Every other request goes to
the route `post_images`, which describes this one too in the OpenAPI document. Both respond alike.
"""

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.http.exchange import EXCHANGE, Exchange
from darkroom_ingestion.http.problems import answer
from darkroom_ingestion.http.requests.admission import admit, is_accepted
from darkroom_ingestion.http.requests.bodies import check_body, read_body
from darkroom_ingestion.http.requests.callers import byte_budget
from darkroom_ingestion.http.server.protocol import ARRIVED, RESPOND
from darkroom_ingestion.http.uploads.plain import ROUTE, PlainUpload, accepted_response, plain_upload, text_of
from darkroom_ingestion.images.ids import new_image_id
from darkroom_ingestion.images.submission import Upload
from darkroom_ingestion.records.answers import ReceivedImage

if TYPE_CHECKING:
    from starlette.datastructures import State

    from darkroom_ingestion.http.context import Services


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
        plain = self._plain(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        if plain is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = ROUTE
        try:
            image = await _accept(self._state.services, plain, scope, receive)
        except Exception as error:  # noqa: BLE001 - every error has a response
            await answer(problem_of(error), scope["path"])(scope, receive, send)
            return
        await scope[RESPOND](202, *accepted_response(plain.served, image))

    def _plain(self, scope: Scope) -> PlainUpload | None:
        pipelines = self._state.services.links.pipelines
        plain = plain_upload(scope, dict(scope["headers"]), pipelines, local_hosts_only=self._local_hosts_only)
        return plain if plain is not None and is_accepted(plain.content_type) else None


async def _accept(services: "Services", plain: PlainUpload, scope: Scope, receive: Receive) -> ReceivedImage:
    served, limit = plain.served, plain.served.max_image_bytes
    budget = byte_budget(services, scope)
    with services.memory.share() as share:
        body: bytes | None = scope[ARRIVED]()
        if body is None:
            announced = text_of(dict(scope["headers"]), b"content-length")
            silence_s = services.settings.body_timeout_s
            body = await read_body(receive, announced, limit=limit, silence_s=silence_s, share=share, budget=budget)
        else:
            check_body(body, limit, share, budget)
        upload = Upload(body, admit(plain.content_type, body))
        exchange: Exchange = scope[EXCHANGE]
        image_id = exchange.image_id = new_image_id()
        return await services.submissions.publish(served, image_id, upload, plain.sender(exchange))
