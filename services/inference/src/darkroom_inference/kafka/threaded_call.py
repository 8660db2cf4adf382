"""Calls of the client library that may take longer than a loop can wait."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from darkroom_inference.kafka.errors import ClientsBroken

T = TypeVar("T")


class ThreadedCall(Generic[T]):
    """A call in a separate thread, which may be abandoned before it ends."""

    def __init__(self, what: str, call: Callable[[], T]) -> None:
        self._call = call
        self._results: list[T] = []
        self._errors: list[Exception] = []
        self._thread = threading.Thread(target=self._run, name=f"to {what}", daemon=True)
        self._thread.start()

    def ended(self, within_s: float) -> bool:
        """Whether the call has ended, or ends within `within_s` seconds."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def succeeded(self, within_s: float) -> bool:
        """Whether the call has returned, or returns within `within_s` seconds; False if it raised."""
        return self.ended(within_s) and not self._errors

    def result(self) -> T:
        """Return or raise what the ended call returned or raised."""
        if self._errors:
            raise self._errors[0]
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except Exception as error:  # noqa: BLE001 - raised by `result`
            self._errors.append(error)


def within(seconds: float, what: str, call: Callable[[], T]) -> T:
    """Return or raise what `call` does, run in a separate thread.

    librdkafka's send_offsets_to_transaction() may ignore its timeout and never return after the group's coordinator
    became unavailable (librdkafka issues 5456 and 5511). Such a thread is abandoned with its producer; its transaction
    is fenced.

    Raises:
        ClientsBroken: the call has not returned in time.
    """
    threaded = ThreadedCall(what, call)
    if not threaded.ended(seconds):
        raise ClientsBroken(f"the client library hangs: could not {what} within {seconds:.0f} s")
    return threaded.result()
