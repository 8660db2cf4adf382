"""Idempotency keys: a repeated request gets the response of the first one, also after a restart.

The key is stored with the ids of the images before anything is published; the response is stored after the
acknowledgement. If a crash leaves a key unfinished, the next request with it publishes under the same ids, so that
consumers can recognise an image that was published twice.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from darkroom_ingestion.images.errors import KeyInUse, KeyReused
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.idempotency_rows import KEPT_HOURS, KEPT_MS
from darkroom_ingestion.store.ownership import Owner
from darkroom_ingestion.store.tables import idempotency
from darkroom_ingestion.store.writing.inserts import insert_new
from darkroom_ingestion.times import now_ms

MAX_KEY_LENGTH = 255
_LOOK_AGAIN_S = 0.1


@dataclass(frozen=True)
class Settled:
    """An earlier request was completed with the response `accepted`."""

    accepted: list[dict[str, Any]]


@dataclass(frozen=True)
class Claimed:
    """The caller has to perform the request. `first` is False if an earlier attempt was started."""

    image_ids: list[str]
    first: bool


class _Busy:
    """Another request with the key is in progress."""


class IdempotencyKeys:
    """The keys of all pipelines.

    Args:
        owner: the process that claims them.
        lease_s: seconds after which the claim of another replica or process counts as abandoned.
    """

    def __init__(self, database: Database, owner: Owner, lease_s: float) -> None:
        self._database = database
        self._lease_ms = int(lease_s * 1000)
        self._wait_s = lease_s
        self._owner = owner
        self._in_progress: dict[tuple[str, str], asyncio.Future[None]] = {}

    @asynccontextmanager
    async def claim(
        self, pipeline: str, key: str, fingerprint: str, new_ids: Sequence[str]
    ) -> AsyncIterator[Settled | Claimed]:
        """Claim the request, or return its earlier response. Waits for a request in progress.

        Raises:
            KeyReused: the key was used for another request.
            KeyInUse: a request with the key is still in progress.
            StoreUnavailable: the store can't be written.
        """
        slot = (pipeline, key)
        deadline = asyncio.get_running_loop().time() + self._wait_s
        while (mine := await self._try(slot, fingerprint, new_ids)) is None:
            if asyncio.get_running_loop().time() > deadline:
                raise KeyInUse("A request with this Idempotency-Key is still in progress: try again in a moment.")
            if other := self._in_progress.get(slot):
                await asyncio.wait([other], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
            else:
                await asyncio.sleep(_LOOK_AGAIN_S)
        if isinstance(mine, Settled):
            yield mine
            return
        try:
            yield mine
        finally:
            done = self._in_progress.pop(slot, None)
            if done is not None:
                done.set_result(None)

    async def settle(self, pipeline: str, key: str, accepted: list[dict[str, Any]]) -> None:
        """Store the response."""
        answer = json.dumps(accepted)
        await self._database.writing(lambda c: _set(c, pipeline, key, answer=answer, owner=None))

    async def release(self, pipeline: str, key: str) -> None:
        """Release the claim, so that the next request with the key can perform the request. The ids are kept."""
        await self._database.writing(lambda c: _set(c, pipeline, key, owner=None))

    async def _try(self, slot: tuple[str, str], fingerprint: str, new_ids: Sequence[str]) -> Settled | Claimed | None:
        if slot in self._in_progress:
            return None
        self._in_progress[slot] = asyncio.get_running_loop().create_future()
        outcome: Settled | Claimed | _Busy | None = None
        try:
            outcome = await self._database.writing(lambda c: self._take(c, slot, fingerprint, new_ids))
        finally:
            if not isinstance(outcome, Claimed):
                self._in_progress.pop(slot).set_result(None)
        return None if isinstance(outcome, _Busy) else outcome

    def _take(
        self, connection: Connection, slot: tuple[str, str], fingerprint: str, new_ids: Sequence[str]
    ) -> Settled | Claimed | _Busy:
        pipeline, key = slot
        now = now_ms()
        at_key = (idempotency.c.pipeline == pipeline) & (idempotency.c.key == key)
        connection.execute(delete(idempotency).where(at_key, idempotency.c.created_at_ms < now - KEPT_MS))
        row = {
            "pipeline": pipeline,
            "key": key,
            "fingerprint": fingerprint,
            "created_at_ms": now,
            "owner": self._owner.name,
            "claimed_at_ms": now,
            "image_ids": json.dumps(list(new_ids)),
        }
        if insert_new(connection, idempotency, [row]):
            return Claimed(list(new_ids), first=True)
        found = connection.execute(select(idempotency).where(at_key)).one()
        if found.fingerprint != fingerprint:
            raise KeyReused(
                "This Idempotency-Key was used for another request. Use a new key for every request, and repeat a key "
                f"only with the same body. Keys are kept for {KEPT_HOURS} hours."
            )
        if found.answer is not None:
            return Settled(json.loads(found.answer))
        if not self._may_take_over(found.owner, found.claimed_at_ms, now):
            return _Busy()
        taken = connection.execute(
            update(idempotency)
            .where(at_key, idempotency.c.claimed_at_ms == found.claimed_at_ms, idempotency.c.answer.is_(None))
            .values(owner=self._owner.name, claimed_at_ms=now)
        )
        return Claimed(json.loads(found.image_ids), first=False) if taken.rowcount else _Busy()

    def _may_take_over(self, owner: str | None, claimed_at_ms: int, now: int) -> bool:
        ours = owner in {None, self._owner.name}  # ours, but not in progress: the request ended without a response
        of_a_former_run = self._database.single_replica and not self._owner.shares_run_with(owner)
        return ours or of_a_former_run or claimed_at_ms < now - self._lease_ms


def _set(connection: Connection, pipeline: str, key: str, **values: str | None) -> None:
    at_key = (idempotency.c.pipeline == pipeline) & (idempotency.c.key == key)
    connection.execute(update(idempotency).where(at_key).values(**values))
