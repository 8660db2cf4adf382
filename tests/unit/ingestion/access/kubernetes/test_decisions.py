"""Decisions are kept for a time, made once for all who ask, and bounded."""

import asyncio

import pytest

from darkroom_ingestion.access.kubernetes.decisions import Decisions
from tests.support.clock import Clock


class Deciding:
    """Decides that the answer is `value`, once `may_end` is set. Counts how often."""

    def __init__(self, value: bool) -> None:
        self.value, self.count, self.may_end = value, 0, asyncio.Event()

    async def __call__(self) -> bool:
        self.count += 1
        await self.may_end.wait()
        return self.value


class Broken(Exception):
    """The decision can't be made."""


async def broken() -> bool:
    raise Broken


def decisions(clock: Clock, most: int = 10) -> Decisions[str, bool]:
    return Decisions(lambda allowed: 30.0 if allowed else 10.0, clock, most)


@pytest.mark.parametrize(("allowed", "kept_s"), [(True, 30.0), (False, 10.0)])
def test_a_decision_is_kept_for_its_time(allowed: bool, kept_s: float) -> None:
    async def run() -> None:
        clock, deciding = Clock(), Deciding(allowed)
        deciding.may_end.set()
        kept = decisions(clock)
        assert await kept.get("a", deciding) is allowed
        clock.now = kept_s - 0.1
        assert await kept.get("a", deciding) is allowed
        assert deciding.count == 1
        clock.now = kept_s
        deciding.value = not allowed
        assert await kept.get("a", deciding) is not allowed

    asyncio.run(run())


def test_a_decision_is_made_once_for_all_who_ask_even_if_the_first_leaves() -> None:
    async def run() -> None:
        kept, deciding = decisions(Clock()), Deciding(value=True)
        asking = [asyncio.create_task(kept.get("a", deciding)) for _ in range(5)]
        await asyncio.sleep(0)
        asking[0].cancel()
        await asyncio.sleep(0)
        deciding.may_end.set()
        assert await asyncio.gather(*asking[1:]) == [True] * 4
        assert deciding.count == 1

    asyncio.run(run())


def test_an_error_is_raised_to_all_and_not_kept() -> None:
    async def run() -> None:
        kept, deciding = decisions(Clock()), Deciding(value=True)
        errors = await asyncio.gather(*(kept.get("a", broken) for _ in range(2)), return_exceptions=True)
        assert all(isinstance(error, Broken) for error in errors)
        deciding.may_end.set()
        assert await kept.get("a", deciding)

    asyncio.run(run())


def test_what_is_longest_unused_makes_room() -> None:
    async def run() -> None:
        kept, deciding = decisions(Clock(), most=2), Deciding(value=True)
        deciding.may_end.set()
        for key in "abaca":
            await kept.get(key, deciding)
        assert deciding.count == 3
        await kept.get("b", deciding)
        assert deciding.count == 4

    asyncio.run(run())
