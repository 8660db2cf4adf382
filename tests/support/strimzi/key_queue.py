"""A queue of names without duplicates, which gives a name to one thread at a time."""

import threading
import time


class KeyQueue:
    """At most one entry per resource. A name that is added while a thread has it is queued again afterwards."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._taken: set[str] = set()
        self._changed = threading.Condition()
        self._closed = False

    def add(self, key: str, delay_s: float = 0.0) -> None:
        """Add a key that is due after the delay, unless it is due earlier already."""
        due = time.monotonic() + delay_s
        with self._changed:
            self._due[key] = min(due, self._due.get(key, due))
            self._changed.notify()

    def take(self, at_most: int) -> list[str]:
        """Wait for at least one key that is due; none when the queue is closed. Call `done` afterwards."""
        with self._changed:
            while not self._closed:
                keys, next_due = self._due_now(at_most)
                if keys:
                    return keys
                self._changed.wait(next_due)
            return []

    def _due_now(self, at_most: int) -> tuple[list[str], float | None]:
        """Remove the keys that are due. Returns them, and the seconds until the next key is due, if any."""
        now = time.monotonic()
        keys: list[str] = []
        next_due: float | None = None
        for key, due in self._due.items():
            if key in self._taken:
                continue
            if due > now:
                next_due = min(due - now, next_due or due - now)
            elif len(keys) < at_most:
                keys.append(key)
            else:
                break
        for key in keys:
            del self._due[key]
        self._taken.update(keys)
        return keys, next_due

    def done(self, keys: list[str]) -> None:
        with self._changed:
            self._taken.difference_update(keys)
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
