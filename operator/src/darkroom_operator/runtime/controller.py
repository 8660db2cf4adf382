"""The controller: threads that take pipelines from the work queue and reconcile them."""

import threading
import time
from collections.abc import Callable

import structlog

from darkroom_operator.kube.errors import ApiError, NotLeader
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.reconcile.reconciler import Reconciler
from darkroom_operator.runtime.cluster_sync import ClusterSync
from darkroom_operator.runtime.metrics import Metrics
from darkroom_operator.runtime.work_queue import WorkQueue

REPORTED_FAILURES = 3
"""Failures in a row after which the status of the pipeline reports them."""

STOP_S = 20.0
_TICK_S = 0.5

log = structlog.get_logger(__name__)


class Controller:
    """Reconciles queued pipelines while this replica is the leader and the cache is filled."""

    def __init__(
        self,
        queue: WorkQueue,
        sync: ClusterSync,
        reconciler: Reconciler,
        metrics: Metrics,
        *,
        is_leader: Callable[[], bool],
        threads: int,
        stall_s: float,
    ) -> None:
        self._queue = queue
        self._sync = sync
        self._reconciler = reconciler
        self._metrics = metrics
        self._is_leader = is_leader
        self._stall_s = stall_s
        self._stopping = threading.Event()
        self._last_end = time.monotonic()
        self._threads = [
            threading.Thread(target=self._work, name=f"reconcile-{i}", daemon=True) for i in range(threads)
        ]

    def start(self) -> None:
        """Start the threads; the first reconciliation waits until the cache is filled."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the reconciliations in progress, and stop."""
        self._stopping.set()
        self._queue.close()
        deadline = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def queue_all(self) -> None:
        """Queue every pipeline when this replica becomes the leader: the last leader may not have finished its work."""
        self._last_end = time.monotonic()
        self._sync.queue_all()

    def health_problem(self) -> str:
        """Why the operator should be restarted; empty if it is healthy."""
        oldest_s, idle_s = self._queue.oldest_s(), time.monotonic() - self._last_end
        if self._is_leader() and self._sync.is_filled() and min(oldest_s, idle_s) > self._stall_s:
            return f"a pipeline has waited for {oldest_s:.0f} s, and no reconciliation has ended for {idle_s:.0f} s"
        return ""

    def _work(self) -> None:
        while not self._stopping.is_set():
            if not (self._sync.is_filled() and self._is_leader()):
                self._stopping.wait(_TICK_S)
                continue
            key = self._queue.take(_TICK_S)
            if key is not None:
                try:
                    self._reconcile(key)
                finally:
                    self._queue.done(key)
                    self._last_end = time.monotonic()

    def _reconcile(self, key: PipelineKey) -> None:
        """Reconcile once, count the outcome, and schedule a retry after a failure."""
        started = time.monotonic()
        try:
            result = self._reconciler.reconcile(key)
            outcome = result.name
            if result.retry:
                self._queue.retry(key)
            else:
                self._queue.succeeded(key)
        except NotLeader:
            # If the lease is renewed in time after all, nobody queues all pipelines.
            outcome = "not leading"
            self._queue.add(key)
        except ApiError as error:
            outcome = "failed"
            self._retry(key, error.reason, error.message, error.retry_after_s)
        except Exception as error:
            outcome = "crashed"
            log.exception("reconciliation crashed", pipeline=str(key))
            self._retry(key, "InternalError", repr(error), 0.0)
        self._metrics.reconciled(outcome, time.monotonic() - started)

    def _retry(self, key: PipelineKey, reason: str, message: str, at_least_s: float) -> None:
        seconds = self._queue.retry(key, at_least_s)
        failures = self._queue.failures(key)
        log.info("reconciliation failed", pipeline=str(key), reason=reason, message=message, retry_in_s=seconds)
        if failures >= REPORTED_FAILURES:
            try:
                self._reconciler.report_failure(key, reason, message)
            except (ApiError, NotLeader) as error:
                log.info("status could not be written", pipeline=str(key), error=str(error))
            except Exception:
                log.exception("status could not be written", pipeline=str(key))
