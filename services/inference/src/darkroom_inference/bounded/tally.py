"""What became of the images of a replay, told by its processes to their parent as they get on."""

import json
import os
import threading
from collections import Counter

from darkroom_inference.lifecycle.metrics import Metrics

Counts = Counter[str]
"""Images by outcome."""

_READ_BYTES = 65_536


class Teller:
    """Tells what a process has counted since it last told. Shared by its loops."""

    def __init__(self, writer: int, metrics: Metrics) -> None:
        self._writer = writer
        self._metrics = metrics
        self._told: Counts = Counter()
        self._lock = threading.Lock()

    def tell(self) -> None:
        """Tell what is new, in one write that no other process's can get into."""
        with self._lock:
            counted = self._metrics.outcomes()
            if new := counted - self._told:
                os.write(self._writer, json.dumps(new).encode() + b"\n")
                self._told = counted


class Tally:
    """The sum of what every process has told.

    Attributes:
        writer: the file descriptor that the processes tell it through.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._rest = b""
        self._counts: Counts = Counter()

    def counts(self) -> Counts:
        """Everything told so far."""
        while True:
            try:
                read = os.read(self._reader, _READ_BYTES)
            except BlockingIOError:
                return self._counts
            *lines, self._rest = (self._rest + read).split(b"\n")
            for line in lines:
                self._counts.update(json.loads(line))

    def close(self) -> None:
        """Hear no more."""
        os.close(self._reader)
        os.close(self.writer)
