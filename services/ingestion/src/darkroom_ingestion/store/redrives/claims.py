"""Claims of redrives: a dead letter is redriven by one request at a time, over all replicas.

A claim is made before the image is published, and replaced by a mark once Kafka has acknowledged it. A claim that a
crash left behind counts as abandoned after its lease. By then the image is in the log or will never be, so a store
that has read the log to its end knows the outcome.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, update
from sqlalchemy.schema import Table

from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.ownership import Owner
from darkroom_ingestion.store.queries import DeadLetterRow
from darkroom_ingestion.store.tables import redrive_claims, redrives
from darkroom_ingestion.store.writing.inserts import insert_new


class Claim(Enum):
    """The outcome of a claim on a dead letter."""

    OURS = "ours"
    REDRIVEN = "redriven"
    """Another request has redriven it since it was selected."""
    BUSY = "busy"
    """Another request holds the claim."""
    ABANDONED = "abandoned"
    """Another request holds the claim, and its lease has ended."""


@dataclass(frozen=True)
class Claimant:
    """Makes claims for one process.

    Args:
        owner: the process.
        lease_ms: longer than the time that Kafka takes to acknowledge an image.
    """

    database: Database
    owner: Owner
    lease_ms: int

    def claim(
        self, connection: Connection, letters: Sequence[DeadLetterRow], at_ms: int, *, take_over: bool
    ) -> list[Claim]:
        """Claim `letters`; with `take_over`, also those with an abandoned claim. Call in a transaction of `write`."""
        return [self._claim(connection, letter, at_ms, take_over=take_over) for letter in letters]

    def settle(
        self, connection: Connection, redriven: Iterable[tuple[DeadLetterRow, int]], given_up: Iterable[DeadLetterRow]
    ) -> None:
        """Mark letters as redriven, and release the claims of the others. Call it in a transaction of `write`."""
        for letter, at_ms in redriven:
            insert_new(
                connection, redrives, [_key(letter) | {"replayed_at_ms": at_ms}], last_by=(redrives.c.replayed_at_ms,)
            )
            self._release(connection, letter)
        for letter in given_up:
            self._release(connection, letter)

    def _claim(self, connection: Connection, letter: DeadLetterRow, at_ms: int, *, take_over: bool) -> Claim:
        row = _key(letter) | {"owner": self.owner.name, "claimed_at_ms": at_ms}
        if not insert_new(connection, redrive_claims, [row]):
            found = connection.execute(select(redrive_claims).where(_at(redrive_claims, letter))).one_or_none()
            if found is None or not self._is_abandoned(found.owner, found.claimed_at_ms, at_ms):
                return Claim.BUSY
            if not take_over:
                return Claim.ABANDONED
            taken = connection.execute(
                update(redrive_claims)
                .where(_at(redrive_claims, letter), redrive_claims.c.claimed_at_ms == found.claimed_at_ms)
                .values(owner=self.owner.name, claimed_at_ms=at_ms)
            )
            if not taken.rowcount:
                return Claim.BUSY
        # Read after claiming: only the holder of the claim sets the mark.
        mark = connection.execute(select(redrives.c.replayed_at_ms).where(_at(redrives, letter))).scalar()
        if mark == letter.redriven_at_ms:
            return Claim.OURS
        self._release(connection, letter)
        return Claim.REDRIVEN

    def _is_abandoned(self, owner: str, claimed_at_ms: int, now: int) -> bool:
        of_a_former_run = self.database.single_replica and not self.owner.shares_run_with(owner)
        return of_a_former_run or claimed_at_ms < now - self.lease_ms

    def _release(self, connection: Connection, letter: DeadLetterRow) -> None:
        connection.execute(
            delete(redrive_claims).where(_at(redrive_claims, letter), redrive_claims.c.owner == self.owner.name)
        )


def _key(letter: DeadLetterRow) -> dict[str, Any]:
    return {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}


def _at(table: Table, letter: DeadLetterRow) -> ColumnElement[bool]:
    return (table.c.topic == letter.topic) & (table.c.partition == letter.partition) & (table.c.offset == letter.offset)
