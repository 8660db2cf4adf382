"""Reads and writes of the store."""

import asyncio
import threading
from pathlib import Path

import pytest

from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.store.database import StoreUnavailable
from darkroom_ingestion.store.opening import open_database


def test_requests_that_wait_for_the_store_are_bounded(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    go_on = threading.Event()

    async def ask() -> int:
        waiting = [asyncio.create_task(database.reading(lambda _: go_on.wait(60))) for _ in range(600)]
        await asyncio.sleep(0)
        refused = [task for task in waiting if task.done()]
        go_on.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert len(refused) == sum(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
        assert await database.reading(lambda _: True)
        return len(refused)

    assert 0 < asyncio.run(ask()) < 600
    database.close()


def test_a_request_does_not_wait_for_ever_for_a_store_that_does_not_respond(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    database.request_timeout_s = 0.1
    go_on = threading.Event()
    with pytest.raises(StoreUnavailable, match=r"did not respond within 0\.1 s") as refused:
        asyncio.run(database.reading(lambda _: go_on.wait(60)))
    go_on.set()
    database.close()

    assert problem_of(refused.value).status == 503
