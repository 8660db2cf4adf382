"""The rate limit of a replay, shared by all its processes: tokens in a pipe.

The parent writes one byte for each image that may be taken now. A loop reads one byte before it takes an image. The
processes share only the pipe, no locks or clocks, and the pipe ends with the parent.
"""

import array
import fcntl
import os
import select
import termios
import threading
import time
from dataclasses import dataclass
from typing import Final

_TICK_S: Final = 0.05
_MOST_IN_THE_PIPE: Final = 4_096


@dataclass
class TokenBucket:
    """Computes how many tokens are due for the time that has passed. Unused tokens do not accumulate.

    Attributes:
        rate: images per second.
        saved: fraction of a token.
    """

    rate: float
    saved: float = 0.0

    @property
    def burst(self) -> int:
        """The maximum number of unused tokens: those of two ticks, at least one."""
        return max(1, min(_MOST_IN_THE_PIPE, round(2 * _TICK_S * self.rate)))

    def due(self, seconds: float, waiting: int) -> int:
        """The number of tokens to issue after `seconds` more, while `waiting` tokens are unused."""
        room = max(0, self.burst - waiting)
        self.saved = min(self.saved + self.rate * seconds, self.burst)
        tokens = min(int(self.saved), room)
        self.saved -= tokens
        return tokens


class TokenWriter:
    """Writes tokens for `rate` images a second from its start until it is closed.

    Attributes:
        reader: the file descriptor that loops read them from.
    """

    def __init__(self, rate: float) -> None:
        self.reader, self._writer = os.pipe()
        # This affects all processes: non-blocking mode belongs to the open pipe, not to the descriptor.
        os.set_blocking(self.reader, False)
        self._bucket = TokenBucket(rate)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tokens", daemon=True)

    def start(self) -> None:
        """Write tokens from now on, in a separate thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop writing tokens."""
        self._stop.set()
        self._thread.join()
        os.close(self.reader)
        os.close(self._writer)

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop.wait(_TICK_S):
            now = time.monotonic()
            if tokens := self._bucket.due(now - last, _unread(self.reader)):
                os.write(self._writer, b"." * tokens)
            last = now


class TokenReader:
    """Takes tokens from the pipe of a `TokenWriter`."""

    def __init__(self, reader: int) -> None:
        self._reader = reader
        self._poll = select.poll()
        self._poll.register(reader, select.POLLIN)

    def take(self, timeout_s: float) -> bool:
        """Take a token, waiting for it if necessary. Returns False if none came in time."""
        if not self._poll.poll(max(0.0, timeout_s) * 1000):
            return False
        try:
            return bool(os.read(self._reader, 1))
        except BlockingIOError:
            return False  # another loop took it


def _unread(reader: int) -> int:
    waiting = array.array("i", [0])
    fcntl.ioctl(reader, termios.FIONREAD, waiting)
    return waiting[0]
