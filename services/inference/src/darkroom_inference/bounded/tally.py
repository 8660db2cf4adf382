"""Outcomes of a replay's images: the processes write counts to a pipe, and the parent adds them up."""

import json
import os
import threading
from collections import Counter

from darkroom_inference.lifecycle.metrics import Metrics

Counts = Counter[str]
"""Images by outcome."""

_READ_BYTES = 65_536


class CountsWriter:
    """Writes the outcomes that a process has counted since the last write. Shared by its loops."""

    def __init__(self, writer: int, metrics: Metrics) -> None:
        self._writer = writer
        self._metrics = metrics
        self._written: Counts = Counter()
        self._lock = threading.Lock()

    def write(self) -> None:
        """Write the new counts in a single write, which can't interleave with those of other processes."""
        with self._lock:
            counted = self._metrics.outcomes()
            if new := counted - self._written:
                os.write(self._writer, json.dumps(new).encode() + b"\n")
                self._written = counted


class Tally:
    """The sum of what every process has written.

    Attributes:
        writer: the file descriptor that the processes write to.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._rest = b""
        self._counts: Counts = Counter()

    def counts(self) -> Counts:
        """The images counted so far, by outcome."""
        while True:
            try:
                read = os.read(self._reader, _READ_BYTES)
            except BlockingIOError:
                return self._counts
            *lines, self._rest = (self._rest + read).split(b"\n")
            for line in lines:
                self._counts.update(json.loads(line))

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._reader)
        os.close(self.writer)
