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

        The work is cancelled once nobody waits for it any more. Its errors are raised for all who do.
        """
        work = self._joined(key, begin)
        try:
            return await asyncio.shield(work.task)
        finally:
            self._leave(key, work)

    def follow(
        self, key: K, begin: Callable[[], Coroutine[Any, Any, T]], ended: Callable[[asyncio.Task[T]], object]
    ) -> Callable[[], None]:
        """Like `result`, without a task that waits: `ended` is called.

        Returns:
            What stops waiting. Then `ended` is not called.
        """
        work, following = self._joined(key, begin), True

        def tell(task: asyncio.Task[T]) -> None:
            if following:
                ended(task)

        def leave() -> None:
            nonlocal following
            following = False
            self._leave(key, work)

        work.task.add_done_callback(tell)

        return leave

    def _joined(self, key: K, begin: Callable[[], Coroutine[Any, Any, T]]) -> _Work[T]:
        work = self._in_progress.get(key)
        if work is None:
            work = self._in_progress[key] = _Work(asyncio.create_task(begin()))
            work.task.add_done_callback(lambda task: self._forget(key, task))
        work.waiting += 1
        return work

    def _leave(self, key: K, work: _Work[T]) -> None:
        work.waiting -= 1
        if not work.waiting and not work.task.done():
            self._forget(key, work.task)
            work.task.cancel()

    def _forget(self, key: K, task: asyncio.Task[T]) -> None:
        if (known := self._in_progress.get(key)) is not None and known.task is task:
            del self._in_progress[key]
