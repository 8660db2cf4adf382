"""Which requests are plain uploads: a POST with one image as its body and nothing that needs the framework."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.types import Scope

from darkroom.cloudevents import TRACE_HEADERS
from darkroom_ingestion.catalog.served import Pipelines, ServedPipeline
from darkroom_ingestion.http.exchange import Exchange
from darkroom_ingestion.http.middleware.loopback import is_local_host
from darkroom_ingestion.http.routes.post_images import location, router, trace_headers
from darkroom_ingestion.images.submission import Sender
from darkroom_ingestion.records.answers import ReceivedImage

[ROUTE] = router.routes
_QUERY: Final = re.compile(rb"(?:key=([A-Za-z0-9._~-]{1,256}))?")
_OTHERS: Final = frozenset({b"origin", b"prefer", b"idempotency-key"})
"""Headers that only the framework's route handles."""
_TRACE_HEADERS: Final = frozenset(name.encode() for name in TRACE_HEADERS)
_NO_TRACE: Final[dict[str, str]] = {}


class PlainUpload(NamedTuple):
    """A plain upload whose body is not read yet."""

    served: ServedPipeline
    content_type: str | None
    key: str | None
    trace: Mapping[str, str]

    def sender(self, exchange: Exchange) -> Sender:
        """The parameters of the request."""
        return Sender(self.key, None, exchange.trace_headers(self.trace), exchange.span, exchange.passed_on)


def plain_upload(
    scope: Scope, headers: Mapping[bytes, bytes], pipelines: Pipelines, *, local_hosts_only: bool
) -> PlainUpload | None:
    """The upload that a POST is; None if it is for the framework.

    Args:
        scope: the request.
        headers: the request's, by name.
        pipelines: those that are served.
        local_hosts_only: whether the framework refuses requests whose Host is not of this machine or its network.
    """
    served = pipelines.by_images_path.get(scope["path"])
    if served is None or len(headers) < len(scope["headers"]) or not _OTHERS.isdisjoint(headers):
        return None
    if local_hosts_only and not is_local_host(text_of(headers, b"host") or ""):
        return None
    key = None
    if scope["query_string"]:
        query = _QUERY.fullmatch(scope["query_string"])
        if query is None:
            return None
        key = query[1].decode()
    trace = _NO_TRACE if _TRACE_HEADERS.isdisjoint(headers) else trace_headers(lambda n: text_of(headers, n.encode()))
    return PlainUpload(served, text_of(headers, b"content-type"), key, trace)


def text_of(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    """The value of a header; None if there is none."""
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def accepted_response(served: ServedPipeline, image: ReceivedImage) -> tuple[bytes, bytes]:
    """The header lines and the body of the response to an upload that Kafka has acknowledged."""
    # Nothing in an id or the name of a topic needs escapes.
    body = f'{{"id": "{image.id}", "topic": "{image.topic}", "partition": {image.partition}, "offset": {image.offset}}}'
    return f"content-type: application/json\r\nlocation: {location(served, image)}\r\n".encode(), body.encode()
