"""Requests for Strimzi's kinds, through pykube-ng: one client per thread, replaced before its token expires."""

import json
import threading
import time

import pykube
import requests

from darkroom_operator.kube.access import Access
from darkroom_operator.kube.transport import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    Manifest,
    Query,
    parse_response,
    unreachable,
)

CLIENT_LIFE_S = 300.0
"""A pod's token is rotated after 80 % of its lifetime, which is an hour or more."""


class StrimziTransport:
    """Sends requests through one client per thread."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._local = threading.local()

    def request(self, method: str, path: str, query: Query, body: Manifest | None, content_type: str) -> Manifest:
        """See `Transport.request`."""
        data = None if body is None else json.dumps(body)
        headers = {"Accept": "application/json", "User-Agent": "darkroom-operator"}
        if content_type:
            headers["Content-Type"] = content_type
        try:
            folder, _, last = path.rpartition("/")
            response = self._client().request(
                method,
                # pykube joins the two; a path given as one piece would get a trailing slash.
                version=folder,
                url=last,
                params=dict(query),
                data=data,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            )
        except requests.RequestException as error:
            raise unreachable(error) from error
        return parse_response(response.status_code, response.content, response.headers.get("Retry-After"))

    def _client(self) -> pykube.HTTPClient:
        now = time.monotonic()
        if now >= getattr(self._local, "renew_at", 0.0):
            if (old := getattr(self._local, "client", None)) is not None:
                old.session.close()
            self._local.client = pykube.HTTPClient(self._access.for_pykube())
            self._local.renew_at = now + CLIENT_LIFE_S
        client: pykube.HTTPClient = self._local.client
        return client
