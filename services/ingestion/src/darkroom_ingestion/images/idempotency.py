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
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select, update

from darkroom_ingestion.images.errors import KeyInUse, KeyReused
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.idempotency_rows import KEPT_HOURS, KEPT_MS
from darkroom_ingestion.store.ownership import Owner
from darkroom_ingestion.store.tables import idempotency
from darkroom_ingestion.store.writing.inserts import insert_new
from darkroom_ingestion.times import now_ms

MAX_KEY_LENGTH = 255
_LOOK_AGAIN_S = 0.1


class KeyOfCaller(NamedTuple):
    """An idempotency key. The same key of another caller, or for another pipeline, is another one.

    Attributes:
        caller: identifies the caller.
    """

    pipeline: str
    caller: str
    key: str


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
    """The keys of all callers.

    Args:
        owner: the process that claims them.
        lease_s: seconds after which the claim of another replica or process counts as abandoned.
    """

    def __init__(self, database: Database, owner: Owner, lease_s: float) -> None:
        self._database = database
        self._lease_ms = int(lease_s * 1000)
        self._wait_s = lease_s
        self._owner = owner
        self._in_progress: dict[KeyOfCaller, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def claim(
        self, key: KeyOfCaller, fingerprint: str, new_ids: Sequence[str]
    ) -> AsyncIterator[Settled | Claimed]:
        """Claim the request, or return its earlier response. Waits for a request in progress.

        Raises:
            KeyReused: the key was used for another request.
            KeyInUse: a request with the key is still in progress.
            StoreUnavailable: the store can't be written.
        """
        deadline = asyncio.get_running_loop().time() + self._wait_s
        while (mine := await self._try(key, fingerprint, new_ids)) is None:
            if asyncio.get_running_loop().time() > deadline:
                raise KeyInUse("A request with this Idempotency-Key is still in progress: try again in a moment.")
            if other := self._in_progress.get(key):
                await asyncio.wait([other], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
            else:
                await asyncio.sleep(_LOOK_AGAIN_S)
        if isinstance(mine, Settled):
            yield mine
            return
        try:
            yield mine
        finally:
            done = self._in_progress.pop(key, None)
            if done is not None:
                done.set_result(None)

    async def settle(self, key: KeyOfCaller, accepted: list[dict[str, Any]]) -> None:
        """Store the response."""
        answer = json.dumps(accepted)
        await self._database.writing(lambda c: _set(c, key, answer=answer, owner=None))

    async def release(self, key: KeyOfCaller) -> None:
        """Release the claim, so that the next request with the key can perform the request. The ids are kept."""
        await self._database.writing(lambda c: _set(c, key, owner=None))

    async def _try(self, key: KeyOfCaller, fingerprint: str, new_ids: Sequence[str]) -> Settled | Claimed | None:
        if key in self._in_progress:
            return None
        self._in_progress[key] = asyncio.get_running_loop().create_future()
        outcome: Settled | Claimed | _Busy | None = None
        try:
            outcome = await self._database.writing(lambda c: self._take(c, key, fingerprint, new_ids))
        finally:
            if not isinstance(outcome, Claimed):
                self._in_progress.pop(key).set_result(None)
        return None if isinstance(outcome, _Busy) else outcome

    def _take(
        self, connection: Connection, key: KeyOfCaller, fingerprint: str, new_ids: Sequence[str]
    ) -> Settled | Claimed | _Busy:
        now, at_key = now_ms(), _at(key)
        connection.execute(delete(idempotency).where(at_key, idempotency.c.created_at_ms < now - KEPT_MS))
        row = {
            **key._asdict(),
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


def _at(key: KeyOfCaller) -> ColumnElement[bool]:
    columns = idempotency.c
    return (columns.pipeline == key.pipeline) & (columns.caller == key.caller) & (columns.key == key.key)


def _set(connection: Connection, key: KeyOfCaller, **values: str | None) -> None:
    connection.execute(update(idempotency).where(_at(key)).values(**values))
