"""Idempotency keys of several callers. tests/http/images/test_idempotency.py has the rest."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from darkroom_ingestion.access.caller import ANONYMOUS
from darkroom_ingestion.images.errors import KeyReused
from darkroom_ingestion.images.idempotency import Claimed, IdempotencyKeys, KeyOfCaller, Settled
from darkroom_ingestion.store import opening
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.ownership import Owner
from darkroom_ingestion.times import now_ms

ACCEPTED = [{"id": "of alice"}]


def test_a_caller_gets_neither_the_response_nor_the_lock_of_anothers_key(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    keys = IdempotencyKeys(database, Owner(), 600)
    alices, bobs = (KeyOfCaller("demo/digits", caller, "key") for caller in ("TokenFile:alice", "TokenFile:bob"))

    async def run() -> list[Settled | Claimed]:
        async with keys.claim(alices, "one body", ["of alice"]), keys.claim(bobs, "another", ["of bob"]) as in_parallel:
            await keys.settle(alices, ACCEPTED)
            await keys.release(bobs)
        async with keys.claim(bobs, "another", ["of bob"]) as bob, keys.claim(alices, "one body", []) as alice:
            return [in_parallel, bob, alice]

    try:
        in_parallel, bob, alice = asyncio.run(run())
    finally:
        database.close()
    assert in_parallel == Claimed(["of bob"], first=True)
    assert bob == Claimed(["of bob"], first=False)
    assert alice == Settled(ACCEPTED)


def test_keys_of_an_earlier_version_belong_to_the_anonymous_caller(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with create_engine(url).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(opening.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        connection.execute(
            text(
                "INSERT INTO idempotency (pipeline, key, fingerprint, created_at_ms, claimed_at_ms, image_ids, answer) "
                "VALUES ('demo/digits', 'key', 'body', :now, :now, '[]', '[{\"id\": \"of alice\"}]')"
            ),
            {"now": now_ms()},
        )
    database = open_database(url)
    keys = IdempotencyKeys(database, Owner(), 600)

    async def run() -> Settled | Claimed:
        key = KeyOfCaller("demo/digits", ANONYMOUS.key, "key")
        with pytest.raises(KeyReused):
            async with keys.claim(key, "another body", []):
                pass
        async with keys.claim(key, "body", []) as found:
            return found

    try:
        assert asyncio.run(run()) == Settled(ACCEPTED)
    finally:
        database.close()
