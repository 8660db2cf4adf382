"""A cache of decisions that take a request to the API server."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final, Generic, TypeVar

_MOST: Final = 10_000

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Decisions(Generic[Key, Value]):
    """Keeps decisions for a time. Of those that are kept, the ones longest unused make room for new ones.

    Requests for a decision that is being made wait for it. Used from one event loop.

    Args:
        kept_s: for how many seconds a decision is kept.
        clock: the time in seconds.
        most: the number of decisions to keep.
    """

    def __init__(
        self, kept_s: Callable[[Value], float], clock: Callable[[], float] = time.monotonic, most: int = _MOST
    ) -> None:
        self._kept_s, self._most, self._clock = kept_s, most, clock
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._being_made: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key, decide: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """The decision for `key`: the kept one, or that of `decide`, whose errors are raised and not kept."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._clock():
            self._kept.move_to_end(key)
            return kept[1]
        making = self._being_made.get(key)
        if making is None:
            making = self._being_made[key] = asyncio.create_task(self._make(key, decide))
            making.add_done_callback(_heed)
        # One request that is cancelled does not end the decision that others wait for.
        return await asyncio.shield(making)

    async def _make(self, key: Key, decide: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        try:
            value = await decide()
        finally:
            del self._being_made[key]
        self._kept[key] = (self._clock() + self._kept_s(value), value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value


def _heed(made: asyncio.Task[Any]) -> None:
    """Of an error, nobody may be left to hear: all requests have been cancelled."""
    if not made.cancelled():
        made.exception()
