"""Idempotency keys: a request that is sent again has the answer that it had, also after a restart.

The key is written down, with the ids that the images will have, before anything is published; the answer after the
acknowledgement. A request that takes up an unfinished key publishes under the same ids, so that what a crash left
behind and what is published now are one image to everybody downstream.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from darkroom_ingestion.http.problems import HttpProblem, invalid
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.tables import idempotency
from darkroom_ingestion.times import now_ms

KEPT_HOURS = 24
MAX_KEY_LENGTH = 255
_KEPT_MS = KEPT_HOURS * 3_600_000
_LOOK_AGAIN_S = 0.1


@dataclass(frozen=True)
class Settled:
    """The request has been answered before: with this."""

    accepted: list[dict[str, Any]]


@dataclass(frozen=True)
class Claimed:
    """The request is the caller's to do. `first` is False if somebody began it before."""

    image_ids: list[str]
    first: bool


class _Busy:
    """Another request with the key is under way."""


class IdempotencyKeys:
    """The keys of all pipelines.

    Args:
        lease_s: how long a request can be under way, before a claim of another replica is taken for dead.
    """

    def __init__(self, database: Database, lease_s: float) -> None:
        self._database = database
        self._lease_ms = int(lease_s * 1000)
        self._wait_s = lease_s
        self._owner = uuid.uuid4().hex
        self._under_way: dict[tuple[str, str], asyncio.Future[None]] = {}

    @asynccontextmanager
    async def claim(
        self, pipeline: str, key: str, fingerprint: str, new_ids: Sequence[str]
    ) -> AsyncIterator[Settled | Claimed]:
        """Make the request the caller's, or find out how it was answered. Waits for one that is under way.

        Raises:
            HttpProblem: 422 if the key was used for another body, 409 if a request with it takes too long.
            StoreUnavailable: the store can't be written.
        """
        place = (pipeline, key)
        deadline = asyncio.get_running_loop().time() + self._wait_s
        while (mine := await self._try(place, fingerprint, new_ids)) is None:
            if asyncio.get_running_loop().time() > deadline:
                raise HttpProblem(
                    409,
                    "under-way",
                    "Request under way",
                    "A request with this Idempotency-Key is still under way: try again in a moment.",
                    headers={"Retry-After": "2"},
                )
            if other := self._under_way.get(place):
                await asyncio.wait([other], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
            else:
                await asyncio.sleep(_LOOK_AGAIN_S)
        if isinstance(mine, Settled):
            yield mine
            return
        try:
            yield mine
        finally:
            done = self._under_way.pop(place, None)
            if done is not None:
                done.set_result(None)

    async def settle(self, pipeline: str, key: str, accepted: list[dict[str, Any]]) -> None:
        """Write down the answer."""
        answer = json.dumps(accepted)
        await self._database.writing(lambda c: _set(c, pipeline, key, answer=answer, owner=None))

    async def release(self, pipeline: str, key: str) -> None:
        """Leave the request for the next that asks; the ids stay."""
        await self._database.writing(lambda c: _set(c, pipeline, key, owner=None))

    async def _try(self, place: tuple[str, str], fingerprint: str, new_ids: Sequence[str]) -> Settled | Claimed | None:
        if place in self._under_way:
            return None
        self._under_way[place] = asyncio.get_running_loop().create_future()
        outcome: Settled | Claimed | _Busy | None = None
        try:
            outcome = await self._database.writing(lambda c: self._take(c, place, fingerprint, new_ids))
        finally:
            if not isinstance(outcome, Claimed):
                self._under_way.pop(place).set_result(None)
        return None if isinstance(outcome, _Busy) else outcome

    def _take(
        self, connection: Connection, place: tuple[str, str], fingerprint: str, new_ids: Sequence[str]
    ) -> Settled | Claimed | _Busy:
        pipeline, key = place
        now = now_ms()
        at_place = (idempotency.c.pipeline == pipeline) & (idempotency.c.key == key)
        connection.execute(delete(idempotency).where(at_place, idempotency.c.created_at_ms < now - _KEPT_MS))
        row = {
            "pipeline": pipeline,
            "key": key,
            "fingerprint": fingerprint,
            "created_at_ms": now,
            "owner": self._owner,
            "claimed_at_ms": now,
            "image_ids": json.dumps(list(new_ids)),
        }
        if self._database.insert_new(connection, idempotency, [row]):
            return Claimed(list(new_ids), first=True)
        found = connection.execute(select(idempotency).where(at_place)).one()
        if found.fingerprint != fingerprint:
            raise invalid(
                "This Idempotency-Key was used for another request: send each request with a key of its own, "
                f"and the same body with the same key (keys are kept for {KEPT_HOURS} hours)."
            )
        if found.answer is not None:
            return Settled(json.loads(found.answer))
        if not self._may_take_over(found.owner, found.claimed_at_ms, now):
            return _Busy()
        taken = connection.execute(
            update(idempotency)
            .where(at_place, idempotency.c.claimed_at_ms == found.claimed_at_ms, idempotency.c.answer.is_(None))
            .values(owner=self._owner, claimed_at_ms=now)
        )
        return Claimed(json.loads(found.image_ids), first=False) if taken.rowcount else _Busy()

    def _may_take_over(self, owner: str | None, claimed_at_ms: int, now: int) -> bool:
        ours = owner in {None, self._owner}  # ours, but not under way: its request ended without an answer
        return ours or self._database.single_replica or claimed_at_ms < now - self._lease_ms


def forget_old_keys(database: Database) -> int:
    """Remove the keys that are older than they are promised to be kept."""
    oldest = now_ms() - _KEPT_MS
    return database.write(lambda c: c.execute(delete(idempotency).where(idempotency.c.created_at_ms < oldest)).rowcount)


def _set(connection: Connection, pipeline: str, key: str, **values: str | None) -> None:
    at_place = (idempotency.c.pipeline == pipeline) & (idempotency.c.key == key)
    connection.execute(update(idempotency).where(at_place).values(**values))
