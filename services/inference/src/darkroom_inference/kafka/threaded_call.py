"""Calls of the client library that take longer than a loop can wait for."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from darkroom_inference.kafka.errors import ClientsBroken

T = TypeVar("T")


class ThreadedCall(Generic[T]):
    """A call in a thread of its own, which may be abandoned before it ends."""

    def __init__(self, what: str, call: Callable[[], T]) -> None:
        self._call = call
        self._results: list[T] = []
        self._errors: list[Exception] = []
        self._thread = threading.Thread(target=self._run, name=f"to {what}", daemon=True)
        self._thread.start()

    def ended(self, within_s: float) -> bool:
        """Whether the call has ended, or does so in time."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def succeeded(self, within_s: float) -> bool:
        """Whether the call has returned, or does so in time; False if it raised."""
        return self.ended(within_s) and not self._errors

    def result(self) -> T:
        """What the call, which has ended, returned or raised."""
        if self._errors:
            raise self._errors[0]
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._errors.append(error)


def within(seconds: float, what: str, call: Callable[[], T]) -> T:
    """What `call` returns or raises, from a thread of its own.

    librdkafka's send_offsets_to_transaction() may ignore its timeout and never return when the group's coordinator went
    away (librdkafka issues 5456 and 5511). Such a thread is abandoned with its producer; what it may still send for its
    transaction is fenced.

    Raises:
        ClientsBroken: the call has not returned in time.
    """
    threaded = ThreadedCall(what, call)
    if not threaded.ended(seconds):
        raise ClientsBroken(f"the client library hangs: could not {what} within {seconds:.0f} s")
    return threaded.result()
