"""Which cores run what is measured, and which run Kafka and the benchmark."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_TOO_FEW = 2


@dataclass(frozen=True)
class Cores:
    """The cores of what is measured, and those of Kafka and the benchmark. On two cores, both are all."""

    measured: frozenset[int]
    rest: frozenset[int]

    @classmethod
    def of_machine(cls) -> "Cores":
        """A quarter of the cores, at least one, for Kafka and the benchmark, if there are more than two."""
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) <= _TOO_FEW:
            return cls(frozenset(usable), frozenset(usable))
        kept = max(1, len(usable) // 4)
        return cls(frozenset(usable[:-kept]), frozenset(usable[-kept:]))

    @contextmanager
    def for_measured(self) -> Iterator[None]:
        """Within the block, this thread starts processes on the cores for what is measured."""
        os.sched_setaffinity(0, self.measured)
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.rest)
