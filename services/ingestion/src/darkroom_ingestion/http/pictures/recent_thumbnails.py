"""Thumbnails of images that this process accepted a short time ago: without ASGI, and without a task for each request.

These are what pages with live images request. The route `get_thumbnail` handles all others, and describes these too in
the OpenAPI document. Both respond alike.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

from darkroom.logs import log_fields
from darkroom_ingestion.http.exchange import EXCHANGE, Exchange
from darkroom_ingestion.http.middleware.instrumented import HEADER_LINES
from darkroom_ingestion.http.middleware.loopback import is_local_host
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.http.routes.console.thumbnails import HEADERS, etag_of, key_of, make_thumbnail, router
from darkroom_ingestion.http.server.protocol import IfGone, PassOn, Respond
from darkroom_ingestion.thumbnails.thumbnails import Size, Thumbnails

if TYPE_CHECKING:
    from starlette.datastructures import State

    from darkroom_ingestion.catalog.served import ServedPipeline
    from darkroom_ingestion.records.answers import ReceivedImage

_ROUTE: Final = router.routes[0]
_PATH: Final = re.compile(r"/v1/pipelines/([^/]+/[^/]+)/images/([A-Za-z0-9-]{1,400})/thumbnail")
_SIZES: Final = {b"": Size.MEDIUM, **{b"size=%d" % size: size for size in Size}}
_OTHERS: Final = frozenset({b"origin", b"if-none-match"})
"""Headers that only the framework's route handles."""
_LINES: Final = "".join(f"{name.lower()}: {value}\r\n" for name, value in HEADERS.items()).encode()
_HEAD: Final = b"content-type: image/webp\r\n" + _LINES + b"etag: %b\r\n" + HEADER_LINES


class RecentThumbnails:
    """Responds with thumbnails that are cached, or that it has made. All who request the same one wait for it together.

    Args:
        state: that of the application, with its services.
        checks: what the application checks too.
        local_hosts_only: whether the application refuses requests whose Host is not of this machine or its network.
    """

    def __init__(self, state: "State", checks: Checks, *, local_hosts_only: bool) -> None:
        self._state, self._checks, self._local_hosts_only = state, checks, local_hosts_only

    def __call__(self, scope: Scope, body: bytes, respond: Respond, pass_on: PassOn, if_gone: IfGone) -> bool:
        """Begin to handle a GET; False if it is for the application, as are those that are refused or must wait."""
        path = _PATH.fullmatch(scope["path"])
        if path is None or body:
            return False
        services, headers = self._state.services, dict(scope["headers"])
        thumbnails: Thumbnails = services.thumbnails
        try:
            found, size = self._image(scope, headers, path[1], path[2]), _SIZES.get(scope["query_string"])
            if found is None or size is None:
                return False
            served, image = found
            key = key_of(image, size)
            picture = thumbnails.cached(key)
            # The application goes on with this exchange, and with what was checked: nothing is decided twice.
            exchange = scope[EXCHANGE] = Exchange(services, headers)
            if not self._checks.passes_now(scope, exchange.ids):
                return False
        except Exception:  # noqa: BLE001 - the application meets the same error, and responds
            return False

        def answer(picture: bytes) -> None:
            scope["route"] = _ROUTE
            respond(200, _HEAD % (etag_of(key).encode(), exchange.request_id), picture)
            exchange.end(scope, 200)

        def ended(making: asyncio.Task[bytes]) -> None:
            if making.cancelled() or making.exception() is not None:
                pass_on()
            else:
                answer(making.result())

        if picture is not None:
            answer(picture)
            return True
        with log_fields(exchange.ids):
            leave = thumbnails.in_progress.follow(key, lambda: make_thumbnail(services, served, image, key), ended)

        def gone() -> None:
            leave()
            pass_on()  # the application counts it

        if_gone(gone)
        return True

    def _image(
        self, scope: Scope, headers: Mapping[bytes, bytes], pipeline: str, image_id: str
    ) -> "tuple[ServedPipeline, ReceivedImage] | None":
        """The image; None if the request is for the application."""
        services = self._state.services
        if len(headers) < len(scope["headers"]) or not _OTHERS.isdisjoint(headers):
            return None
        if self._local_hosts_only and not is_local_host(headers.get(b"host", b"").decode("latin-1")):
            return None
        served = services.links.pipelines.get(pipeline)
        image = None if served is None else services.lookup.known(served, image_id)
        return None if image is None else (served, image)
