"""Reviews by the API server, with retries and limits."""

import asyncio
import contextlib
import random
import time
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog

from darkroom_ingestion.access.protocols import AccessUnavailable
from darkroom_ingestion.catalog.cluster.api_server import ApiError, ApiServer, Connection
from darkroom_ingestion.metrics import Metrics

_ATTEMPTS: Final = 3
_FIRST_WAIT_S: Final = 0.1
_TIMEOUT_S: Final = 3.0
"""For one attempt. A review usually takes milliseconds."""
_AT_A_TIME: Final = 32
_MOST_WAITING: Final = 512
_AWAY_S: Final = 1.0
"""For so long after a failure, other reviews are not tried: requests must not pile up."""
_REFUSED: Final = (400, 401, 403, 404, 405, 422)
"""Statuses that a retry does not change: the service has not the rights, or asks for what the API server lacks."""
_OF_ONE_REVIEW: Final = (400, 422)
"""Statuses that say nothing of other reviews: one caller must not stop those of all."""

log = structlog.get_logger("darkroom.ingestion.access")


class Reviews:
    """Sends reviews over one connection, which is opened again after it broke. Used from one event loop."""

    def __init__(self, api_server: ApiServer, metrics: Metrics) -> None:
        self._api_server, self._metrics = api_server, metrics
        self._connection: tuple[Connection, AsyncExitStack] | None = None
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._waiting = 0
        self._away_until = 0.0

    async def ask(self, kind: str, path: str, spec: dict[str, Any]) -> dict[str, Any]:
        """The status of a review.

        Args:
            kind: its kind, such as TokenReview.
            path: the collection to which it is posted.
            spec: what to review.

        Raises:
            AccessUnavailable: the API server does not respond, or refuses the service.
        """
        if self._waiting >= _MOST_WAITING:
            raise AccessUnavailable("Too many credentials are being checked: try again in a moment.", 1)
        self._waiting += 1
        try:
            async with self._turns:
                if time.monotonic() < self._away_until:
                    raise _unavailable()
                started = time.perf_counter()
                review = await self._retried(path, {"kind": kind, "apiVersion": _version(path), "spec": spec})
                self._metrics.access_was_reviewed(kind, time.perf_counter() - started)
        finally:
            self._waiting -= 1
        status: dict[str, Any] = review.get("status") or {}
        return status

    async def _retried(self, path: str, review: dict[str, Any]) -> dict[str, Any]:
        for attempt in range(1, _ATTEMPTS + 1):
            connection = None
            try:
                connection = await self._connected()
                return await connection.create(path, review, timeout_s=_TIMEOUT_S)
            except ApiError as error:
                if error.status == 0 and connection is not None:
                    await self._drop(connection)
                if error.status in _REFUSED or attempt == _ATTEMPTS:
                    log.warning(
                        "access can't be reviewed", review=review["kind"], status=error.status, reason=str(error)
                    )
                    if error.status not in _OF_ONE_REVIEW:
                        self._away_until = time.monotonic() + _AWAY_S
                    raise _unavailable() from error
                await asyncio.sleep(_FIRST_WAIT_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
        raise AssertionError

    async def _connected(self) -> Connection:
        if self._connection is None:
            stack = AsyncExitStack()
            self._connection = (await stack.enter_async_context(self._api_server.connected()), stack)
        return self._connection[0]

    async def _drop(self, connection: Connection) -> None:
        """Close a connection that has failed, unless another request has replaced it already."""
        if self._connection is not None and self._connection[0] is connection:
            (_, stack), self._connection = self._connection, None
            with contextlib.suppress(ApiError):
                await stack.aclose()

    async def run(self) -> None:
        """Close the connection when cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._connection is not None:
                await self._connection[1].aclose()


def _version(path: str) -> str:
    """The API version in the path `/apis/GROUP/VERSION/PLURAL`."""
    return path.removeprefix("/apis/").rpartition("/")[0]


def _unavailable() -> AccessUnavailable:
    return AccessUnavailable("The API server of the cluster can't check credentials and rights now: try again.")
