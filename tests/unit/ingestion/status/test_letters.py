"""Counts of dead letters are kept for ten times as long as they took, and nobody waits long for them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from darkroom_ingestion.status import letters
from darkroom_ingestion.status.letters import Letters
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.status_rows import dead_letters_by_reason
from darkroom_ingestion.store.tables import dead_letters

PIPELINE = "demo/digits"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    row = {"topic": "t", "partition": 0, "offset": 1, "pipeline": PIPELINE, "stage": "classify", "image_id": "i"}
    row |= {"at_ms": 1, "reason": "DecodeError", "message": "m", "attempts": 1, "bytes": 1}
    database.write(lambda connection: connection.execute(insert(dead_letters), [row]))
    yield database
    database.close()


def test_a_count_that_takes_long_is_unknown_at_first_and_known_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = Event()

    def slowly(connection: Connection, pipeline: str, stage: str) -> dict[str, int]:
        assert release.wait(30)
        return dead_letters_by_reason(connection, pipeline, stage)

    monkeypatch.setattr(letters, "dead_letters_by_reason", slowly)
    monkeypatch.setattr(letters, "_PATIENCE_S", 0.01)

    async def ask() -> list[Any]:
        counted = Letters(database)
        first = (await counted.of(PIPELINE, ["classify"]))["classify"]
        release.set()
        monkeypatch.setattr(letters, "_PATIENCE_S", 30)
        second = (await counted.of(PIPELINE, ["classify"]))["classify"]
        return [first, second]

    first, second = asyncio.run(ask())
    assert (first.by_reason, second.by_reason) == (None, {"DecodeError": 1})
    assert [letter.image for letter in first.newest] == ["i"]


def test_counts_are_used_again_for_a_while(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def count(connection: Connection, pipeline: str, stage: str) -> dict[str, int]:
        counted.append(stage)
        return dead_letters_by_reason(connection, pipeline, stage)

    monkeypatch.setattr(letters, "dead_letters_by_reason", count)
    monkeypatch.setattr(letters, "_PAUSE", 1e6)

    async def ask_twice() -> None:
        kept = Letters(database)
        assert await kept.of(PIPELINE, ["classify"]) == await kept.of(PIPELINE, ["classify"])
        assert counted == ["classify"]
        kept.forget(PIPELINE)
        await kept.of(PIPELINE, ["classify"])

    asyncio.run(ask_twice())
    assert counted == ["classify", "classify"]
