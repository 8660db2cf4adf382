"""The work queue: pipelines to reconcile, each queued at most once and reconciled by at most one thread at a time."""

import heapq
import random
import threading
import time
from collections.abc import Callable

from darkroom_operator.kube.keys import PipelineKey


class WorkQueue:
    """Keys that are ready, keys that are scheduled, and keys in progress.

    Its size is bounded by the number of pipelines: adding a key that is already ready changes nothing, and a key that
    is added while in progress becomes ready again when it is done. Each key has its own back-off, so that a pipeline
    that keeps failing does not delay the others.
    """

    def __init__(
        self,
        *,
        first_retry_s: float = 0.2,
        longest_retry_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),
    ) -> None:
        self._first_retry_s = first_retry_s
        self._longest_retry_s = longest_retry_s
        self._clock = clock
        self._jitter = jitter
        self._changed = threading.Condition()
        self._ready: dict[PipelineKey, float] = {}  # since when; in order of arrival
        self._due: dict[PipelineKey, float] = {}
        self._schedule: list[tuple[float, PipelineKey]] = []  # may contain entries that `_due` has replaced
        self._in_progress: dict[PipelineKey, float] = {}  # since when
        self._again: set[PipelineKey] = set()
        self._failures: dict[PipelineKey, int] = {}
        self._closed = False

    def add(self, key: PipelineKey) -> None:
        """Queue `key` for reconciliation as soon as possible."""
        with self._changed:
            self._add(key)

    def add_after(self, key: PipelineKey, seconds: float) -> None:
        """Queue `key` in `seconds`, unless it is due earlier already."""
        with self._changed:
            due = self._clock() + seconds
            if key not in self._due or due < self._due[key]:
                self._due[key] = due
                heapq.heappush(self._schedule, (due, key))
                self._changed.notify()

    def retry(self, key: PipelineKey, at_least_s: float = 0.0) -> float:
        """Queue `key` after its back-off, which grows with each retry. Returns the delay in seconds."""
        with self._changed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
        # The exponent is limited too: 2.0**2000 overflows.
        backoff = min(self._first_retry_s * 2.0 ** min(failures, 30), self._longest_retry_s) * self._jitter()
        seconds = max(backoff, at_least_s)
        self.add_after(key, seconds)
        return seconds

    def succeeded(self, key: PipelineKey) -> None:
        """Reset the back-off of `key`."""
        with self._changed:
            self._failures.pop(key, None)

    def failures(self, key: PipelineKey) -> int:
        """How often `key` was retried since it last succeeded."""
        with self._changed:
            return self._failures.get(key, 0)

    def take(self, timeout_s: float) -> PipelineKey | None:
        """The next key; None if there is none for `timeout_s` or the queue is closed. Call `done` afterwards."""
        deadline = self._clock() + timeout_s
        with self._changed:
            while not self._closed:
                now = self._clock()
                self._move_due(now)
                if self._ready:
                    key = next(iter(self._ready))
                    del self._ready[key]
                    self._in_progress[key] = now
                    return key
                if now >= deadline:
                    return None
                until = min(deadline, self._schedule[0][0]) if self._schedule else deadline
                self._changed.wait(until - now)
            return None

    def done(self, key: PipelineKey) -> None:
        """Mark `key` as no longer in progress."""
        with self._changed:
            self._in_progress.pop(key, None)
            if key in self._again:
                self._again.remove(key)
                self._add(key)

    def close(self) -> None:
        """Close the queue: `take` returns None from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        """The number of keys that are ready or in progress."""
        with self._changed:
            self._move_due(self._clock())
            return len(self._ready) + len(self._in_progress)

    def oldest_s(self) -> float:
        """Seconds for which the oldest key has been ready or in progress."""
        with self._changed:
            now = self._clock()
            self._move_due(now)
            since = [*self._in_progress.values()]
            if self._ready:
                since.append(next(iter(self._ready.values())))
            return now - min(since) if since else 0.0

    def _add(self, key: PipelineKey) -> None:
        if self._closed:
            return
        if key in self._in_progress:
            self._again.add(key)
        elif key not in self._ready:
            self._ready[key] = self._clock()
            self._changed.notify()

    def _move_due(self, now: float) -> None:
        while self._schedule and self._schedule[0][0] <= now:
            due, key = heapq.heappop(self._schedule)
            if self._due.get(key) == due:
                del self._due[key]
                self._add(key)
