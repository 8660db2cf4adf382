"""The objects of one kind in the API server, kept up to date by a watch."""

import asyncio
import random
from collections.abc import Callable, Mapping

import structlog

from darkroom.backoff import Backoff
from darkroom_ingestion.catalog.cluster.api_server import ApiError, ApiServer, Connection, Object

_PAGE = "250"
_WATCH_S = (240, 300)
_FIRST_RETRY_S, _LAST_RETRY_S = 0.2, 10.0
_BETWEEN_WATCHES_S = 0.1
_LOOK_FOR_KIND_S = 3.0
_NOT_FOUND = 404
_GONE = 410

log = structlog.get_logger("darkroom.ingestion.cluster")


class Followed:
    """The objects at `path`, a collection of one namespace or of all namespaces.

    Args:
        changed: called on the event loop after every change.
    """

    def __init__(self, api_server: ApiServer, path: str, changed: Callable[[], None]) -> None:
        self._api_server = api_server
        self._path = path
        self._changed = changed
        self._objects: dict[str, Object] = {}
        self._version = ""
        self._backoff = Backoff(_FIRST_RETRY_S, _LAST_RETRY_S)
        self.known = False

    @property
    def objects(self) -> Mapping[str, Object]:
        """The objects by `namespace/name`. Complete once `known` is true; the last known ones during an outage."""
        return self._objects

    async def follow(self) -> None:
        """Keep the objects up to date. Runs until it is cancelled."""
        while True:
            try:
                async with self._api_server.connected() as connection:
                    if not self._version:
                        await self._list(connection)
                    await self._watch(connection)
                # An API server that shuts down may end every new watch immediately.
                await asyncio.sleep(_BETWEEN_WATCHES_S)
            except ApiError as error:
                if error.status == _NOT_FOUND:
                    self._is_not_served()
                    await asyncio.sleep(_LOOK_FOR_KIND_S)
                    continue
                if error.status == _GONE:
                    self._version = ""
                log.warning("watch interrupted", path=self._path, status=error.status, reason=str(error))
                await asyncio.sleep(self._backoff.next_s())

    async def _list(self, connection: Connection) -> None:
        objects: dict[str, Object] = {}
        query = {"limit": _PAGE}
        while True:
            answer = await connection.get(self._path, **query)
            objects |= {_key(item): item for item in answer["items"]}
            following = answer["metadata"].get("continue")
            if not following:
                break
            query["continue"] = following
        self._objects, self._version, self.known = objects, str(answer["metadata"]["resourceVersion"]), True
        self._changed()

    async def _watch(self, connection: Connection) -> None:
        query = {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(random.randint(*_WATCH_S)),
        }
        async for event in connection.events(self._path, query):
            live = event["object"]
            self._version = live["metadata"]["resourceVersion"]
            self._backoff.reset()
            if event["type"] == "BOOKMARK":
                continue
            if event["type"] == "DELETED":
                self._objects.pop(_key(live), None)
            else:
                self._objects[_key(live)] = live
            self._changed()

    def _is_not_served(self) -> None:
        """The API server does not know the kind: there are no objects until its CRD is installed."""
        news = bool(self._objects) or not self.known
        self._objects, self._version, self.known = {}, "", True
        if news:
            log.warning("the API server does not know this kind", path=self._path)
            self._changed()


def _key(live: Object) -> str:
    return f"{live['metadata']['namespace']}/{live['metadata']['name']}"
