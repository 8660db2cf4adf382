"""Thumbnails that are cached, or being made for another request: without ASGI, and without a task.

Consoles that show the same images request their thumbnails at the same time. One request makes each, in the route
`get_thumbnail`, which describes these requests too in the OpenAPI document. All respond alike.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

from darkroom_ingestion.http.exchange import EXCHANGE, Exchange
from darkroom_ingestion.http.middleware.instrumented import HEADER_LINES
from darkroom_ingestion.http.middleware.loopback import is_local_host
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.http.routes.console.thumbnails import HEADERS, etag_of, key_of, router
from darkroom_ingestion.http.server.protocol import PassOn, Respond
from darkroom_ingestion.thumbnails.thumbnails import Key, Size, Thumbnails

if TYPE_CHECKING:
    from starlette.datastructures import State

_ROUTE: Final = router.routes[0]
_PATH: Final = re.compile(r"/v1/pipelines/([^/]+/[^/]+)/images/([A-Za-z0-9-]{1,400})/thumbnail")
_SIZES: Final = {b"": Size.MEDIUM, **{b"size=%d" % size: size for size in Size}}
_OTHERS: Final = frozenset({b"origin", b"if-none-match"})
"""Headers that only the framework's route handles."""
_LINES: Final = "".join(f"{name.lower()}: {value}\r\n" for name, value in HEADERS.items()).encode()
_HEAD: Final = b"content-type: image/webp\r\n" + _LINES + b"etag: %b\r\n" + HEADER_LINES


class KnownThumbnails:
    """Responds with thumbnails of images that this process has accepted a short time ago.

    Args:
        state: that of the application, with its services.
        checks: what the application checks too.
        local_hosts_only: whether the application refuses requests whose Host is not of this machine or its network.
    """

    def __init__(self, state: "State", checks: Checks, *, local_hosts_only: bool) -> None:
        self._state, self._checks, self._local_hosts_only = state, checks, local_hosts_only

    def __call__(self, scope: Scope, body: bytes, respond: Respond, pass_on: PassOn) -> bool:
        """Begin to handle a GET; False if it is for the application, as are those that are refused or must wait."""
        path = _PATH.fullmatch(scope["path"])
        if path is None or body:
            return False
        services = self._state.services
        thumbnails: Thumbnails = services.thumbnails
        try:
            key = self._key(scope, path[1], path[2])
            picture = None if key is None else thumbnails.cached(key)
            if key is None or (picture is None and not thumbnails.in_progress.has(key)):
                return False
            # The application goes on with this exchange, and with what was checked: nothing is decided twice.
            exchange = scope[EXCHANGE] = Exchange(services, dict(scope["headers"]))
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
        else:
            thumbnails.in_progress.tell(key, ended)
        return True

    def _key(self, scope: Scope, pipeline: str, image_id: str) -> Key | None:
        """The key of the thumbnail that is requested; None if that is for the application to find."""
        services, headers = self._state.services, dict(scope["headers"])
        if len(headers) < len(scope["headers"]) or not _OTHERS.isdisjoint(headers):
            return None
        if self._local_hosts_only and not is_local_host(headers.get(b"host", b"").decode("latin-1")):
            return None
        size, served = _SIZES.get(scope["query_string"]), services.links.pipelines.get(pipeline)
        if size is None or served is None:
            return None
        image = services.lookup.known(served, image_id)
        return None if image is None else key_of(image, size)
