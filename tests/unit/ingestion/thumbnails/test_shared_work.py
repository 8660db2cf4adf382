"""Work that is done once for all who wait for it."""

import asyncio

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
        assert await shared.result("one", work) == 2

    asyncio.run(run())


def test_an_error_is_raised_for_all() -> None:
    async def run() -> None:
        shared = SharedWork[str, int]()

        async def fail() -> int:
            raise ValueError("it is broken")

        found = await asyncio.gather(*(shared.result("one", fail) for _ in range(2)), return_exceptions=True)
        assert [str(error) for error in found] == ["it is broken"] * 2

    asyncio.run(run())


def test_work_goes_on_until_the_last_one_leaves() -> None:
    async def run() -> None:
        shared, work = SharedWork[str, int](), Work()
        first, second = await waiters(shared, work, 2)
        first.cancel()
        await asyncio.wait([first])
        assert work.cancelled == 0
        second.cancel()
        await asyncio.wait([second])
        again = asyncio.create_task(shared.result("one", work))
        work.go_on.set()
        assert await again == 2
        assert work.cancelled == 1

    asyncio.run(run())


def test_a_follower_is_told_unless_it_has_left() -> None:
    async def run() -> None:
        shared, work = SharedWork[str, int](), Work()
        told: list[int] = []
        [only] = await waiters(shared, work, 1)
        leave = shared.follow("one", work, lambda _: told.append(1))
        shared.follow("one", work, lambda _: told.append(2))
        only.cancel()
        await asyncio.wait([only])
        leave()
        assert work.cancelled == 0
        work.go_on.set()
        assert await shared.result("one", work) == 1
        assert told == [2]

    asyncio.run(run())


def test_work_is_cancelled_once_its_last_follower_leaves() -> None:
    async def run() -> None:
        shared, work = SharedWork[str, int](), Work()
        told: list[asyncio.Task[int]] = []
        leave = shared.follow("one", work, told.append)
        await work.started.wait()
        leave()
        work.go_on.set()
        assert await shared.result("one", work) == 2
        assert (work.cancelled, told) == (1, [])

    asyncio.run(run())
