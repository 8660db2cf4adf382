"""Routes with a JSON body, read with limits, because FastAPI reads bodies without a limit."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from darkroom_ingestion.http.requests.bodies import MAX_JSON_BYTES, read_body
from darkroom_ingestion.http.requests.callers import byte_budget

if TYPE_CHECKING:
    from darkroom_ingestion.http.context import Services


class JsonRoute(APIRoute):
    """A route with a body of at most `MAX_JSON_BYTES`, with the limits for time and memory of images."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the body at hand."""
        handle = super().get_route_handler()

        async def handle_with_body(request: Request) -> Response:
            services: Services = request.app.state.services
            silence_s = services.settings.body_timeout_s
            with services.memory.share() as share:
                body = await read_body(
                    request.receive,
                    request.headers.get("content-length"),
                    limit=MAX_JSON_BYTES,
                    silence_s=silence_s,
                    share=share,
                    budget=byte_budget(services, request.scope),
                )

                async def receive() -> Message:
                    return {"type": "http.request", "body": body, "more_body": False}

                return await handle(Request(request.scope, receive))

        return handle_with_body
