"""Counting what a consuming program does between the end of its warm-up and the end of its measurement."""

import time
from dataclasses import dataclass, field

from benchmarks.worker.rate import Rate


@dataclass
class Window:
    """Counts images of this process from `warm_up` images on, for `seconds`. One thread counts."""

    warm_up: int
    seconds: float
    _seen: int = 0
    _began: tuple[float, float, int] | None = field(default=None)
    rate: Rate | None = None

    def count(self, images: int) -> bool:
        """Add finished images. Returns whether the measurement is complete."""
        self._seen += images
        now, cpu = time.monotonic(), time.process_time()
        if self._began is None:
            if self._seen >= self.warm_up:
                self._began = now, cpu, self._seen
            return False
        began, cpu_began, seen = self._began
        if now - began < self.seconds:
            return False
        self.rate = Rate(images=self._seen - seen, seconds=now - began, cpu_seconds=cpu - cpu_began)
        return True
