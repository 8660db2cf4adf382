"""The retention of idempotency keys in the store."""

from sqlalchemy import delete

from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.tables import idempotency
from darkroom_ingestion.times import now_ms

KEPT_HOURS = 24
KEPT_MS = KEPT_HOURS * 3_600_000


def forget_old_keys(database: Database) -> int:
    """Remove the keys that are older than their retention. Returns how many.

    Raises:
        StoreUnavailable: the database failed.
    """
    oldest = now_ms() - KEPT_MS
    return database.write(lambda c: c.execute(delete(idempotency).where(idempotency.c.created_at_ms < oldest)).rowcount)
