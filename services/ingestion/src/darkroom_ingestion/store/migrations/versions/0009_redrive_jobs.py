"""Redrives in the background, which the service continues after a restart."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"

_RUNNING = sa.text("state = 'Running'")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "redrive_jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("selection", sa.Text, nullable=False),
        sa.Column("rate_per_second", sa.Double, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("matched", sa.BigInteger, nullable=False),
        sa.Column("redriven", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("started_at_ms", sa.BigInteger, nullable=False),
        sa.Column("finished_at_ms", sa.BigInteger),
        sa.Column("position", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("claimed_at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("redrive_jobs_by_time", "redrive_jobs", ["pipeline", "started_at_ms", "id"])
    op.create_index(
        "redrive_jobs_running",
        "redrive_jobs",
        ["pipeline", "stage"],
        unique=True,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )
