"""Many loops may analyse at once, or one alone: so that a process that ends tells which image it was."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ExclusiveTurn:
    """Shared by the loops of a process. Whoever waits to be alone goes before those who would share."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharing = 0
        self._waiting_to_be_alone = 0
        self._alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Analyse while others do."""
        with self._changed:
            while self._alone or self._waiting_to_be_alone:
                self._changed.wait()
            self._sharing += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharing -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Analyse while nobody else does."""
        with self._changed:
            self._waiting_to_be_alone += 1
            while self._alone or self._sharing:
                self._changed.wait()
            self._waiting_to_be_alone -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
