"""Turns of clients that catch up."""

import asyncio

from darkroom_ingestion.feed.stream import Reading


def test_a_turn_is_up_when_it_was_long_and_others_wait() -> None:
    async def run() -> list[bool]:
        reading = Reading(at_a_time=1, turn_s=0.0)
        found = []
        async with reading.turn() as is_up:
            found.append(is_up())

            async def other() -> None:
                async with reading.turn():
                    pass

            waiting = asyncio.create_task(other())
            await asyncio.sleep(0)
            found.append(is_up())
        await waiting
        reading.threads.shutdown()
        return found

    assert asyncio.run(run()) == [False, True]


def test_a_turn_that_was_short_is_not_up() -> None:
    async def run() -> bool:
        reading = Reading(at_a_time=1, turn_s=1_000.0)
        async with reading.turn() as is_up:
            waiting = asyncio.ensure_future(reading.turn().__aenter__())
            await asyncio.sleep(0)
            found = is_up()
            waiting.cancel()
        reading.threads.shutdown()
        return found

    assert asyncio.run(run()) is False
