"""A queue of names in which each stands once, and which gives a name to one thread at a time."""

import threading
import time


class KeyQueue:
    """As long as there are resources at most. A name that is added while a thread has it comes back afterwards."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._taken: set[str] = set()
        self._changed = threading.Condition()
        self._closed = False

    def add(self, key: str, delay_s: float = 0.0) -> None:
        """Have it taken after the delay, or when it was due before, whichever is sooner."""
        due = time.monotonic() + delay_s
        with self._changed:
            self._due[key] = min(due, self._due.get(key, due))
            self._changed.notify()

    def take(self, at_most: int) -> list[str]:
        """The keys that are due, waiting for at least one; none when the queue is closed. Tell `done` afterwards."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                waiting = {key: due for key, due in self._due.items() if key not in self._taken}
                if keys := [key for key, due in waiting.items() if due <= now][:at_most]:
                    for key in keys:
                        del self._due[key]
                    self._taken.update(keys)
                    return keys
                self._changed.wait(min(waiting.values()) - now if waiting else None)
            return []

    def done(self, keys: list[str]) -> None:
        with self._changed:
            self._taken.difference_update(keys)
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
