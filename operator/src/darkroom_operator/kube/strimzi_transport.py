"""Strimzi's kinds, through pykube-ng: one client a thread, made anew before its token grows old."""

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
    answer,
    unreachable,
)

CLIENT_LIFE_S = 300.0
"""Kubernetes renews a pod's token at 80 % of an hour or more."""


class StrimziTransport:
    """Requests through a client of the calling thread's own."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._mine = threading.local()

    def request(self, method: str, path: str, query: Query, body: Manifest | None, content_type: str) -> Manifest:
        """As in Transport."""
        data = None if body is None else json.dumps(body)
        headers = {"Accept": "application/json", "User-Agent": "darkroom-operator"}
        if content_type:
            headers["Content-Type"] = content_type
        try:
            folder, _, last = path.rpartition("/")
            response = self._client().request(
                method,
                # pykube puts the two together again; a path in one piece would get a slash at its end.
                version=folder,
                url=last,
                params=dict(query),
                data=data,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            )
        except requests.RequestException as error:
            raise unreachable(error) from error
        return answer(response.status_code, response.content, response.headers.get("Retry-After"))

    def _client(self) -> pykube.HTTPClient:
        now = time.monotonic()
        if now >= getattr(self._mine, "renew_at", 0.0):
            if (old := getattr(self._mine, "client", None)) is not None:
                old.session.close()
            self._mine.client = pykube.HTTPClient(self._access.for_pykube())
            self._mine.renew_at = now + CLIENT_LIFE_S
        client: pykube.HTTPClient = self._mine.client
        return client
