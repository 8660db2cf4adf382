"""The result of a coroutine that need not wait, without a task for it."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class MustWait(Exception):
    """The coroutine would have to wait."""


def result_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that need not wait, such as a check of a credential that is known.

    One that would wait is closed, as if it were cancelled. So what it waits for must be a task of its own, which goes
    on: until it waits, the coroutine runs in no task.

    Raises:
        MustWait: it would wait. Run it again, in a task.
    """
    try:
        waits_for: asyncio.Future[Any] | None = coroutine.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    coroutine.close()
    if waits_for is not None:
        waits_for.cancel()
    raise MustWait
