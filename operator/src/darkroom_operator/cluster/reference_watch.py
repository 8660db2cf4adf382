"""Metadata watches: report a change of any Secret or ConfigMap without receiving its content."""

import json
import threading
import time
from collections.abc import Callable

import structlog

from darkroom_operator.cluster.references import Reference, References
from darkroom_operator.kube.core_transport import CoreTransport
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import Kind

_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_WATCH = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_WATCH_S = 60
"""How long a watch lasts. The API server ends it, also if it had nothing to say."""
_SILENCE_S = 90.0
"""After this long without data, the connection is broken."""
_RETRY_S = 2.0
_LOST = frozenset({410, 504})
"""The API server no longer knows the version or, after its data was restored, does not know it yet."""

log = structlog.get_logger(__name__)


class ReferenceWatch:
    """Watches one kind, in one namespace or in all, in a separate thread."""

    def __init__(
        self,
        transport: CoreTransport,
        kind: Kind,
        namespace: str | None,
        references: References,
        add: Callable[[PipelineKey], None],
    ) -> None:
        self._transport = transport
        self._kind = kind
        self._path = kind.path(namespace)
        self._references = references
        self._add = add
        self._version = ""
        self._stopping = threading.Event()
        name = f"watch-{kind.plural}-{namespace or 'all'}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop at the next event or bookmark; the thread is a daemon."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                if not self._version:
                    self._begin()
                self._watch()
            except ApiError as error:
                if error.status in _LOST:
                    self._version = ""
                log.warning("watch interrupted", kind=self._kind.name, reason=error.reason, message=error.message)
                self._stopping.wait(_RETRY_S)
            except Exception:
                self._version = ""
                log.exception("watch interrupted", kind=self._kind.name)
                self._stopping.wait(_RETRY_S)
            if time.monotonic() - started < _RETRY_S:
                # A watch that ends immediately, for example because of a proxy, must not cause a stream of requests.
                self._stopping.wait(_RETRY_S)

    def _begin(self) -> None:
        """Find the version to watch from. Earlier changes may have been missed, so everything is invalidated."""
        lines = self._transport.stream(self._path, {"limit": "1"}, _LIST, _SILENCE_S)
        version: str = json.loads(b"".join(lines))["metadata"]["resourceVersion"]
        for key in self._references.invalidate_all():
            self._add(key)
        self._version = version

    def _watch(self) -> None:
        """Watch until the connection ends. The next watch goes on from the last version, so nothing is missed."""
        query = {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_S),
        }
        for line in self._transport.stream(self._path, query, _WATCH, _SILENCE_S):
            event = json.loads(line)
            if event["type"] == "ERROR":
                status = event["object"]
                raise ApiError(status.get("code", 0), status.get("reason", "Unknown"), status.get("message", ""))
            metadata = event["object"]["metadata"]
            if event["type"] != "BOOKMARK":
                for key in self._references.invalidate(Reference(self._kind, metadata["namespace"], metadata["name"])):
                    self._add(key)
            self._version = metadata["resourceVersion"]
            if self._stopping.is_set():
                break
