"""The producer's own book: every image that was acknowledged, and how often one had to be sent again."""

import threading
from collections import Counter

from tests.chaos.verdict.evidence import Acknowledged


class Ledger:
    """Written by the load, read by everybody."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._acknowledged: list[Acknowledged] = []
        self._again: Counter[str] = Counter()

    def acknowledge(self, image: Acknowledged) -> None:
        """The service has answered 202 for `image`."""
        with self._lock:
            self._acknowledged.append(image)

    def again(self, reason: str) -> None:
        """An image has to be sent again under its Idempotency-Key, because of `reason`."""
        with self._lock:
            self._again[reason] += 1

    @property
    def acknowledged(self) -> list[Acknowledged]:
        """Those acknowledged so far; of each lane in the order of sending."""
        with self._lock:
            return list(self._acknowledged)

    @property
    def sent_again(self) -> dict[str, int]:
        """How often images had to be sent again, by reason."""
        with self._lock:
            return dict(self._again)

    def __len__(self) -> int:
        with self._lock:
            return len(self._acknowledged)
