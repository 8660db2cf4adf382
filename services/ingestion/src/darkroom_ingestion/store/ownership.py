"""Who makes claims in the store: one of the HTTP processes of a service, over its restarts."""

import uuid
from dataclasses import dataclass, field

from sqlalchemy import Connection, update

from darkroom_ingestion.store.tables import idempotency, redrive_claims, redrive_jobs


def new_run() -> str:
    """A name for a run of the service, unique among all replicas."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Owner:
    """A process that makes claims.

    Attributes:
        run: the run of the service that the process belongs to.
        process: the number of the process in that run. A process that replaces another has its number.
    """

    run: str = field(default_factory=new_run)
    process: int = 0

    @property
    def name(self) -> str:
        """The name in the store."""
        return f"{self.run}-{self.process}"

    def shares_run_with(self, name: str | None) -> bool:
        """Whether `name` in the store is that of a process of the same run."""
        return name is not None and name.rpartition("-")[0] == self.run


def release_claims(connection: Connection, owner: Owner) -> None:
    """Release the claims of a process that has ended. Others need not wait for the end of its leases."""
    connection.execute(update(idempotency).where(idempotency.c.owner == owner.name).values(owner=None))
    connection.execute(update(redrive_claims).where(redrive_claims.c.owner == owner.name).values(claimed_at_ms=0))
    connection.execute(update(redrive_jobs).where(redrive_jobs.c.owner == owner.name).values(owner=None))
