"""Cluster sync: fills the cache from lists, detects newly served kinds, and resyncs everything periodically."""

import math
import random
import threading
import time
from collections.abc import Callable

import structlog

from darkroom_operator.cluster.cache import Cache
from darkroom_operator.cluster.served_kinds import ServedKinds
from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import IMAGE_PIPELINE, NAMESPACE, WATCHED, Kind
from darkroom_operator.reconcile.deletion import is_terminating
from darkroom_operator.runtime.informer import Informer
from darkroom_operator.runtime.work_queue import WorkQueue

KINDS_S = 5.0
FILL_RETRY_S = 2.0
WATCHES_START_S = 15.0
"""How long kopf may take to list everything after its start."""
STOP_S = 20.0
_TICK_S = 0.5

log = structlog.get_logger(__name__)


class ClusterSync:
    """Fills the cache at the start and corrects it where watches report nothing, in a separate thread."""

    def __init__(
        self,
        kube: Kube,
        cache: Cache,
        informer: Informer,
        queue: WorkQueue,
        served_kinds: ServedKinds,
        *,
        is_leader: Callable[[], bool],
        on_new_kinds: Callable[[], None],
        namespaces: list[str],
        resync_s: float,
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._informer = informer
        self._queue = queue
        self._served_kinds = served_kinds
        self._is_leader = is_leader
        self._on_new_kinds = on_new_kinds
        self._namespaces = namespaces
        self._resync_s = resync_s
        self._filled = threading.Event()
        self._list_again_at = math.inf
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cluster-sync", daemon=True)

    def start(self) -> None:
        """Start filling the cache."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request in progress."""
        self._stopping.set()
        self._thread.join(timeout=STOP_S)

    def is_filled(self) -> bool:
        """Whether the cache holds the whole cluster."""
        return self._filled.is_set()

    def queue_all(self) -> None:
        """Queue every pipeline."""
        for key in self._cache.pipelines():
            self._queue.add(key)

    def before_watching(self, at_most_s: float) -> None:
        """Wait until every listed pipeline is reconciled or another replica is the leader.

        Watches do not report objects that are deleted between the list and the start of the watch, so everything is
        listed again soon afterwards.
        """
        deadline = time.monotonic() + at_most_s
        while time.monotonic() < deadline and not self._stopping.wait(_TICK_S):
            if self._filled.is_set() and (not self._is_leader() or len(self._queue) == 0):
                break
        self._list_again_at = time.monotonic() + WATCHES_START_S

    def _run(self) -> None:
        """Fill the cache; then refresh the served kinds, and list everything again when it is due."""
        while not self._filled.is_set() and not self._stopping.is_set():
            try:
                self._served_kinds.refresh()
                self._fill(WATCHED)
                self._filled.set()
                log.info("cache filled", pipelines=len(self._cache.pipelines()), objects=len(self._cache))
            except ApiError as error:
                log.warning("the cluster could not be listed", error=error.message)
                self._stopping.wait(FILL_RETRY_S)
            except Exception:
                log.exception("the cluster could not be listed")
                self._stopping.wait(FILL_RETRY_S)
        next_resync = time.monotonic() + self._until_resync_s()
        while not self._stopping.wait(KINDS_S):
            try:
                self._refresh_kinds()
                self._list_terminating_namespaces()
                due = self._list_again_at
                if time.monotonic() >= due:
                    self._fill(WATCHED)
                    # Unless kopf has been restarted.
                    self._list_again_at = math.inf if self._list_again_at == due else self._list_again_at
                if time.monotonic() >= next_resync:
                    self._resync()
                    next_resync = time.monotonic() + self._until_resync_s()
            except ApiError as error:
                log.warning("the cluster could not be listed", error=error.message)
            except Exception:
                log.exception("the cluster could not be listed")

    def _refresh_kinds(self) -> None:
        added, removed = self._served_kinds.refresh()
        if not added | removed:
            return
        log.info("served kinds changed", added=sorted(map(str, added)), removed=sorted(map(str, removed)))
        try:
            self._fill(tuple(added | removed))
        except ApiError:
            # The next refresh reports them as added again.
            for kind in added:
                self._served_kinds.mark_missing(kind)
            raise
        if added:
            self._on_new_kinds()
        self.queue_all()

    def _list_terminating_namespaces(self) -> None:
        """List the pipelines of namespaces that are being deleted, which kopf stops watching too early."""
        for namespace in self._namespaces:
            if self._is_terminating(namespace):
                self._informer.replace_all(IMAGE_PIPELINE, self._kube.pages(IMAGE_PIPELINE, namespace), namespace)

    def _resync(self) -> None:
        """List everything, which covers missed events, and queue every pipeline, spread over time."""
        self._fill(WATCHED)
        for key in self._cache.pipelines():
            self._queue.add_after(key, random.uniform(0, self._resync_s / 2))

    def _fill(self, kinds: tuple[Kind, ...]) -> None:
        scopes: list[str | None] = [*self._namespaces] or [None]
        for kind in kinds:
            for namespace in scopes:
                try:
                    self._informer.replace_all(kind, self._kube.pages(kind, namespace), namespace)
                except ApiError as error:
                    # The operator loses its rights in a deleted namespace. Other namespaces must not be affected.
                    if error.is_transient or namespace is None or not self._is_terminating(namespace):
                        raise

    def _is_terminating(self, namespace: str) -> bool:
        return is_terminating(self._kube.find(NAMESPACE, None, namespace))

    def _until_resync_s(self) -> float:
        return self._resync_s * random.uniform(0.8, 1.2)
