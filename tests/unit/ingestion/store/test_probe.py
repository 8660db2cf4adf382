"""The cached write check of the store."""

import asyncio
from pathlib import Path

from sqlalchemy import event

from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.probe import WriteProbe


def test_frequent_checks_write_only_occasionally(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    written = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("UPDATE"):
            written.append(statement)

    async def ask() -> set[str | None]:
        probe = WriteProbe(database)
        return set(await asyncio.gather(*(probe.problem() for _ in range(20))))

    assert asyncio.run(ask()) == {None}
    assert len(written) == 1
    database.close()
