"""The queue of pipelines to reconcile: a pipeline is in it once at most, and in the hands of one thread at most."""

import heapq
import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple


class Key(NamedTuple):
    """A pipeline."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class WorkQueue:
    """Keys that wait, keys that wait for their time, and keys in work.

    It is bounded by the number of pipelines: adding a key that waits already changes nothing, and one that is in work
    comes up once more when it is done. Each key has its own back-off, so that a pipeline that fails again and again
    costs the others nothing.
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
        self._waiting: dict[Key, float] = {}  # since when; in the order of arrival
        self._due: dict[Key, float] = {}
        self._schedule: list[tuple[float, Key]] = []  # may hold times that `_due` has given up
        self._in_work: dict[Key, float] = {}  # since when
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._closed = False

    def add(self, key: Key) -> None:
        """Have `key` reconciled as soon as possible."""
        with self._changed:
            self._add(key)

    def add_after(self, key: Key, seconds: float) -> None:
        """Have `key` reconciled in `seconds`, or earlier if that was asked for."""
        with self._changed:
            due = self._clock() + seconds
            if key not in self._due or due < self._due[key]:
                self._due[key] = due
                heapq.heappush(self._schedule, (due, key))
                self._changed.notify()

    def retry(self, key: Key, at_least_s: float = 0.0) -> float:
        """Have `key` reconciled after its back-off, which grows each time, and answer how long that is."""
        with self._changed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
        # The exponent is bounded as well: 2**2000 is no float.
        backoff = min(self._first_retry_s * 2.0 ** min(failures, 30), self._longest_retry_s) * self._jitter()
        seconds = max(backoff, at_least_s)
        self.add_after(key, seconds)
        return seconds

    def succeeded(self, key: Key) -> None:
        """Let the back-off of `key` begin anew the next time."""
        with self._changed:
            self._failures.pop(key, None)

    def failures(self, key: Key) -> int:
        """How often `key` has failed since it last succeeded."""
        with self._changed:
            return self._failures.get(key, 0)

    def take(self, timeout_s: float) -> Key | None:
        """The next key, or None if there is none for `timeout_s` or the queue was closed. `done` must follow."""
        deadline = self._clock() + timeout_s
        with self._changed:
            while not self._closed:
                now = self._clock()
                self._release_due(now)
                if self._waiting:
                    key = next(iter(self._waiting))
                    del self._waiting[key]
                    self._in_work[key] = now
                    return key
                if now >= deadline:
                    return None
                until = min(deadline, self._schedule[0][0]) if self._schedule else deadline
                self._changed.wait(until - now)
            return None

    def done(self, key: Key) -> None:
        """`key` is no longer in work."""
        with self._changed:
            self._in_work.pop(key, None)
            if key in self._again:
                self._again.remove(key)
                self._add(key)

    def close(self) -> None:
        """Hand out nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        """Keys that wait to be taken now, and keys in work."""
        with self._changed:
            self._release_due(self._clock())
            return len(self._waiting) + len(self._in_work)

    def oldest_s(self) -> float:
        """For how long the oldest key has been waiting or in work."""
        with self._changed:
            now = self._clock()
            self._release_due(now)
            since = [*self._in_work.values()]
            if self._waiting:
                since.append(next(iter(self._waiting.values())))
            return now - min(since) if since else 0.0

    def _add(self, key: Key) -> None:
        if self._closed:
            return
        if key in self._in_work:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting[key] = self._clock()
            self._changed.notify()

    def _release_due(self, now: float) -> None:
        while self._schedule and self._schedule[0][0] <= now:
            due, key = heapq.heappop(self._schedule)
            if self._due.get(key) == due:
                del self._due[key]
                self._add(key)
