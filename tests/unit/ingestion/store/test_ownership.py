"""Claims of several processes in one store."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from darkroom_ingestion.images.idempotency import Claimed, IdempotencyKeys, KeyOfCaller
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.ownership import Owner, release_claims
from darkroom_ingestion.store.queries import DeadLetterRow
from darkroom_ingestion.store.redrives.claims import Claim, Claimant
from darkroom_ingestion.store.redrives.jobs import RedriveJob, add_job, claim_job
from darkroom_ingestion.times import now_ms

_LEASE_S = 600
"""Longer than the tests: no lease ends in them."""
_KEY = KeyOfCaller("ns/name", "None:anonymous", "key")
_FIRST, _SECOND = Owner("run", 1), Owner("run", 2)
_LETTER = DeadLetterRow(
    topic="ns.name.classify.dead-letters",
    partition=0,
    offset=7,
    stage="classify",
    image_id="image",
    at_ms=0,
    reason="DecodeError",
    message="",
    attempts=1,
    failed_at=None,
    generation=None,
    content_type=None,
    bytes=0,
    source=None,
    redriven_at_ms=None,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    yield database
    database.close()


def claim_key(database: Database, owner: Owner) -> Claimed:
    """Claim a key, and leave it as a process does that is killed.

    Raises:
        TimeoutError: another process holds it.
    """

    async def claim() -> Claimed:
        keys = IdempotencyKeys(database, owner, _LEASE_S)
        async with asyncio.timeout(0.3), keys.claim(_KEY, "print", [f"id of {owner.name}"]) as claimed:
            assert isinstance(claimed, Claimed)
            return claimed

    return asyncio.run(claim())


def claim_letter(database: Database, owner: Owner, *, take_over: bool = False) -> Claim:
    claimant = Claimant(database, owner, _LEASE_S * 1000)
    [claim] = database.write(lambda c: claimant.claim(c, [_LETTER], now_ms(), take_over=take_over))
    return claim


def test_a_key_of_another_process_is_taken_over_once_that_process_has_ended(database: Database) -> None:
    assert claim_key(database, _FIRST).first
    with pytest.raises(TimeoutError):
        claim_key(database, _SECOND)

    database.write(partial(release_claims, owner=_FIRST))

    taken = claim_key(database, _SECOND)
    assert (taken.first, taken.image_ids) == (False, ["id of run-1"])


def test_a_redrive_of_another_process_is_abandoned_once_that_process_has_ended(database: Database) -> None:
    assert claim_letter(database, _FIRST) is Claim.OURS
    assert claim_letter(database, _SECOND) is Claim.BUSY

    database.write(partial(release_claims, owner=_FIRST))

    assert claim_letter(database, _SECOND) is Claim.ABANDONED
    assert claim_letter(database, _SECOND, take_over=True) is Claim.OURS


def test_a_redrive_job_of_another_process_is_continued_once_that_process_has_ended(database: Database) -> None:
    job = RedriveJob("job", "ns/name", "classify", {"all": True}, 10.0, "somebody", matched=1, started_at_ms=now_ms())
    database.write(partial(add_job, job=job))

    def claim(owner: Owner) -> bool:
        return database.write(partial(claim_job, job_id="job", owner=owner.name, at_ms=now_ms()))

    assert claim(_FIRST)
    assert not claim(_SECOND)
    database.write(partial(release_claims, owner=_FIRST))
    assert claim(_SECOND)


def test_with_one_replica_claims_of_a_former_run_are_taken_over(database: Database) -> None:
    assert claim_key(database, _FIRST).first
    assert not claim_key(database, Owner("next run", 2)).first
    assert claim_letter(database, _FIRST) is Claim.OURS
    assert claim_letter(database, Owner("next run", 2)) is Claim.ABANDONED
