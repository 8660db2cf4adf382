"""Work that several requests wait for, and that is done once for all of them."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass
class _Work(Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0


class SharedWork(Generic[K, T]):
    """Work in progress, by key. Used from the event loop only."""

    def __init__(self) -> None:
        self._in_progress: dict[K, _Work[T]] = {}

    async def result(self, key: K, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of the work in progress with this key, or of `begin`, which is called if there is none.

        The work is cancelled once everybody who waits for it has been cancelled. Its errors are raised for all of them.
        """
        work = self._in_progress.get(key)
        if work is None:
            work = self._in_progress[key] = _Work(asyncio.create_task(begin()))
            work.task.add_done_callback(lambda task: self._forget(key, task))
        work.waiting += 1
        try:
            return await asyncio.shield(work.task)
        finally:
            work.waiting -= 1
            if not work.waiting and not work.task.done():
                self._forget(key, work.task)
                work.task.cancel()

    def has(self, key: K) -> bool:
        """Whether work with this key is in progress."""
        return key in self._in_progress

    def tell(self, key: K, ended: Callable[[asyncio.Task[T]], object]) -> None:
        """Call `ended` when the work with this key has ended. It must be in progress, and is no longer cancelled."""
        work = self._in_progress[key]
        work.waiting += 1
        work.task.add_done_callback(ended)

    def _forget(self, key: K, task: asyncio.Task[T]) -> None:
        if (known := self._in_progress.get(key)) is not None and known.task is task:
            del self._in_progress[key]
