"""The threads of the operator: they fill the cache, take pipelines from the queue, and look again now and then."""

import math
import random
import threading
import time
from collections.abc import Callable

import structlog

from darkroom_operator.cluster.cache import Cache
from darkroom_operator.cluster.presence import Presence
from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.errors import ApiError, NotLeading
from darkroom_operator.kube.kinds import IMAGE_PIPELINE, NAMESPACE, WATCHED, Kind
from darkroom_operator.metrics import Metrics
from darkroom_operator.reconcile.deletion import is_ending
from darkroom_operator.reconcile.reconcile import Reconciler
from darkroom_operator.runtime.feed import Feed
from darkroom_operator.runtime.work_queue import Key, WorkQueue

PATIENCE = 3
"""Failures in a row after which the status says so."""

LOOK_FOR_KINDS_S = 5.0
FILL_RETRY_S = 2.0
WATCHES_BEGIN_S = 15.0
"""How long kopf may take from its start until it has listed everything."""
STOP_S = 20.0
_TICK_S = 0.5

log = structlog.get_logger(__name__)


class Engine:
    """Runs reconciliations while `leads()`; keeps the cache warm all the time."""

    def __init__(
        self,
        kube: Kube,
        cache: Cache,
        feed: Feed,
        queue: WorkQueue,
        presence: Presence,
        reconciler: Reconciler,
        metrics: Metrics,
        *,
        leads: Callable[[], bool],
        on_new_kinds: Callable[[], None],
        namespaces: list[str],
        threads: int,
        resync_s: float,
        stall_s: float,
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._feed = feed
        self._queue = queue
        self._presence = presence
        self._reconciler = reconciler
        self._metrics = metrics
        self._leads = leads
        self._on_new_kinds = on_new_kinds
        self._namespaces = namespaces
        self._resync_s = resync_s
        self._stall_s = stall_s
        self._filled = threading.Event()
        self._list_again_at = math.inf
        self._stopping = threading.Event()
        self._last_end = time.monotonic()
        self._threads = [
            threading.Thread(target=self._work, name=f"reconcile-{i}", daemon=True) for i in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._look_again, name="look-again", daemon=True))

    def start(self) -> None:
        """Begin; the first reconciliation waits until the cache is full."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is in work, and end."""
        self._stopping.set()
        self._queue.close()
        for thread in self._threads:
            thread.join(timeout=STOP_S)

    def is_ready(self) -> bool:
        """Whether the cache holds the whole cluster."""
        return self._filled.is_set()

    def before_watching(self, at_most_s: float) -> None:
        """Wait until everything that is known has been looked at, or another replica does that.

        What goes after we listed it and before it is watched is never told, so a list of everything follows soon.
        """
        deadline = time.monotonic() + at_most_s
        while time.monotonic() < deadline and not self._stopping.wait(_TICK_S):
            if self._filled.is_set() and (not self._leads() or len(self._queue) == 0):
                break
        self._list_again_at = time.monotonic() + WATCHES_BEGIN_S

    def take_up_all(self) -> None:
        """Queue every pipeline: whoever led before may have left something undone."""
        self._last_end = time.monotonic()
        for key in self._cache.pipelines():
            self._queue.add(key)

    def problem(self) -> str:
        """Why the operator should be restarted; nothing if it need not be."""
        oldest_s, still_s = self._queue.oldest_s(), time.monotonic() - self._last_end
        if self._leads() and self._filled.is_set() and min(oldest_s, still_s) > self._stall_s:
            return f"a pipeline has waited for {oldest_s:.0f} s, and none was finished for {still_s:.0f} s"
        return ""

    def _look_again(self) -> None:
        """Fill the cache; then look for kinds that come and go, and now and then at everything."""
        while not self._filled.is_set() and not self._stopping.is_set():
            try:
                self._presence.look()
                self._fill(WATCHED)
                self._filled.set()
                log.info("the cluster is known", pipelines=len(self._cache.pipelines()), objects=len(self._cache))
            except ApiError as error:
                log.warning("the cluster can't be read", error=error.message)
                self._stopping.wait(FILL_RETRY_S)
        next_resync = time.monotonic() + self._until_resync_s()
        while not self._stopping.wait(LOOK_FOR_KINDS_S):
            try:
                self._look_for_kinds()
                self._look_into_ending_namespaces()
                due = self._list_again_at
                if time.monotonic() >= due:
                    self._fill(WATCHED)
                    # Unless kopf has begun anew meanwhile.
                    self._list_again_at = math.inf if self._list_again_at == due else self._list_again_at
                if time.monotonic() >= next_resync:
                    self._resync()
                    next_resync = time.monotonic() + self._until_resync_s()
            except ApiError as error:
                log.warning("the cluster can't be read", error=error.message)

    def _look_for_kinds(self) -> None:
        came, went = self._presence.look()
        if not came | went:
            return
        log.info("kinds came or went", came=sorted(map(str, came)), went=sorted(map(str, went)))
        try:
            self._fill(tuple(came | went))
        except ApiError:
            # The next look finds them again.
            for kind in came:
                self._presence.doubt(kind)
            raise
        if came:
            self._on_new_kinds()
        self.take_up_all()

    def _look_into_ending_namespaces(self) -> None:
        """Read the pipelines of a namespace that is being deleted: kopf does not watch it to its end."""
        for namespace in self._namespaces:
            if self._is_ending(namespace):
                self._feed.take_all(IMAGE_PIPELINE, self._kube.pages(IMAGE_PIPELINE, namespace), namespace)

    def _resync(self) -> None:
        """What events did not tell, lists do; and every pipeline gets its turn, not all at once."""
        self._fill(WATCHED)
        for key in self._cache.pipelines():
            self._queue.add_after(key, random.uniform(0, self._resync_s / 2))

    def _fill(self, kinds: tuple[Kind, ...]) -> None:
        scopes: list[str | None] = [*self._namespaces] or [None]
        for kind in kinds:
            for namespace in scopes:
                try:
                    self._feed.take_all(kind, self._kube.pages(kind, namespace), namespace)
                except ApiError as error:
                    # A namespace that ends takes our rights in it along; the others must not suffer.
                    if error.is_passing or namespace is None or not self._is_ending(namespace):
                        raise

    def _is_ending(self, namespace: str) -> bool:
        return is_ending(self._kube.find(NAMESPACE, None, namespace))

    def _until_resync_s(self) -> float:
        return self._resync_s * random.uniform(0.8, 1.2)

    def _work(self) -> None:
        while not self._stopping.is_set():
            if not (self._filled.is_set() and self._leads()):
                self._stopping.wait(_TICK_S)
                continue
            key = self._queue.take(_TICK_S)
            if key is not None:
                try:
                    self._reconcile(key)
                finally:
                    self._queue.done(key)
                    self._last_end = time.monotonic()

    def _reconcile(self, key: Key) -> None:
        """One reconciliation, counted, and tried again if it breaks off."""
        started = time.monotonic()
        try:
            outcome = self._reconciler.reconcile(key)
            word = outcome.word
            if outcome.retry:
                self._queue.retry(key)
            else:
                self._queue.succeeded(key)
        except NotLeading:
            word = "not leading"
        except ApiError as error:
            word = "failed"
            self._break_off(key, error.reason, error.message, error.retry_after_s)
        except Exception as error:
            word = "crashed"
            log.exception("reconciliation crashed", pipeline=str(key))
            self._break_off(key, "InternalError", repr(error), 0.0)
        self._metrics.reconciled(word, time.monotonic() - started)

    def _break_off(self, key: Key, reason: str, message: str, at_least_s: float) -> None:
        seconds = self._queue.retry(key, at_least_s)
        failures = self._queue.failures(key)
        log.info("reconciliation broke off", pipeline=str(key), reason=reason, message=message, again_in_s=seconds)
        if failures >= PATIENCE:
            try:
                self._reconciler.report_failure(key, reason, message)
            except (ApiError, NotLeading) as error:
                log.info("status not written", pipeline=str(key), error=str(error))
