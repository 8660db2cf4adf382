"""Follows one kind of object with a list and a watch, across errors and restarts."""

import logging
import threading
from collections.abc import Callable

from urllib3.exceptions import HTTPError

from tests.support.kube.api import Api, ApiError, Manifest, Watch

RETRY_AFTER_S = 0.5

_log = logging.getLogger(__name__)


class Follower:
    """Calls `changed` with every version of the objects at `path`, and `gone` with deleted objects.

    Both are called from one thread, in order. They must not block for long.
    """

    def __init__(
        self, api: Api, path: str, changed: Callable[[Manifest], None], gone: Callable[[Manifest], None], **query: str
    ) -> None:
        self._api = api
        self._path = path
        self._query = query
        self._changed = changed
        self._gone = gone
        self._known: dict[str, Manifest] = {}
        self._stopping = threading.Event()
        self._watch: Watch | None = None
        self._thread = threading.Thread(target=self._run, name=f"follow {path}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._watch is not None:
            self._watch.stop()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                version = self._list()
                while not self._stopping.is_set():
                    version = self._follow(version)
            except (ApiError, HTTPError, ValueError) as error:
                # List again: an expired version (410) or a restart of the API server is normal.
                if not self._stopping.wait(RETRY_AFTER_S):
                    _log.info("following %s again after: %s", self._path, error)

    def _list(self) -> str:
        answer = self._api.get(self._path, **self._query)
        kind = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
        listed = {item["metadata"]["uid"]: {**kind, **item} for item in answer["items"]}
        for uid in self._known.keys() - listed.keys():
            self._gone(self._known.pop(uid))
        for uid, item in listed.items():
            if self._known.get(uid, {}).get("metadata") != item["metadata"]:
                self._known[uid] = item
                self._changed(item)
        return str(answer["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> str:
        """Handle the events of one watch. Returns the version to continue from."""
        with self._api.watch(self._path, version, **self._query) as watch:
            self._watch = watch
            if self._stopping.is_set():
                return version
            for event in watch:
                item = event["object"]
                version = item["metadata"]["resourceVersion"]
                if event["type"] == "DELETED":
                    self._known.pop(item["metadata"]["uid"], None)
                    self._gone(item)
                elif event["type"] != "BOOKMARK":
                    self._known[item["metadata"]["uid"]] = item
                    self._changed(item)
        return version
