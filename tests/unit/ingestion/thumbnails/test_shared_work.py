"""Work that is done once for all who wait for it."""

import asyncio

import pytest

from darkroom_ingestion.thumbnails.shared_work import SharedWork


class Work:
    """Counts how often it was begun, and ends when it is told to."""

    def __init__(self) -> None:
        self.begun = self.cancelled = 0
        self.started, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        self.started.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.begun


async def waiters(shared: SharedWork[str, int], work: Work, number: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(shared.result("one", work)) for _ in range(number)]
    await work.started.wait()
    return tasks


def test_all_who_wait_have_the_same_result_and_the_next_one_begins_again() -> None:
    async def run() -> None:
        shared, work = SharedWork[str, int](), Work()
        tasks = await waiters(shared, work, 3)
        work.go_on.set()
        assert await asyncio.gather(*tasks) == [1, 1, 1]
        assert not shared.has("one")
        assert await shared.result("one", work) == 2

    asyncio.run(run())


def test_an_error_is_raised_for_all() -> None:
    async def run() -> None:
        shared = SharedWork[str, int]()

        async def fail() -> int:
            raise ValueError("it is broken")

        found = await asyncio.gather(*(shared.result("one", fail) for _ in range(2)), return_exceptions=True)
        assert [str(error) for error in found] == ["it is broken"] * 2
        assert not shared.has("one")

    asyncio.run(run())


def test_work_goes_on_until_the_last_one_leaves() -> None:
    async def run() -> None:
        shared, work = SharedWork[str, int](), Work()
        first, second = await waiters(shared, work, 2)
        first.cancel()
        await asyncio.wait([first])
        assert (work.cancelled, shared.has("one")) == (0, True)
        second.cancel()
        await asyncio.wait([second])
        assert not shared.has("one")
        again = asyncio.create_task(shared.result("one", work))
        work.go_on.set()
        assert await again == 2
        assert work.cancelled == 1

    asyncio.run(run())


def test_work_that_somebody_is_told_of_is_not_cancelled() -> None:
    async def run() -> None:
        shared, work = SharedWork[str, int](), Work()
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        [only] = await waiters(shared, work, 1)
        shared.tell("one", lambda task: ended.set_result(task.result()))
        only.cancel()
        with pytest.raises(asyncio.CancelledError):
            await only
        work.go_on.set()
        assert (await ended, work.cancelled) == (1, 0)

    asyncio.run(run())
