"""The producer's ledger: all acknowledged images, and the number of retries."""

import threading
from collections import Counter

from tests.chaos.verdict.evidence import Acknowledged


class Ledger:
    """Written by the load. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._acknowledged: list[Acknowledged] = []
        self._again: Counter[str] = Counter()

    def acknowledge(self, image: Acknowledged) -> None:
        """The service has responded with 202 for `image`."""
        with self._lock:
            self._acknowledged.append(image)

    def again(self, reason: str) -> None:
        """Count a retry of an image with its Idempotency-Key, because of `reason`."""
        with self._lock:
            self._again[reason] += 1

    @property
    def acknowledged(self) -> list[Acknowledged]:
        """The images acknowledged so far, in the order of sending within each lane."""
        with self._lock:
            return list(self._acknowledged)

    @property
    def sent_again(self) -> dict[str, int]:
        """The number of retries, by reason."""
        with self._lock:
            return dict(self._again)

    def __len__(self) -> int:
        with self._lock:
            return len(self._acknowledged)
