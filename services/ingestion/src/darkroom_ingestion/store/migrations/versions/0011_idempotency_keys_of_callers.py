"""Idempotency keys belong to a caller. Keys of earlier versions belong to the anonymous one.

Replicas of the version before may still insert rows: the caller has a default.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Replace the table, because SQLite can't change a primary key."""
    op.rename_table("idempotency", "former_idempotency")
    op.drop_index("idempotency_by_age", "former_idempotency")
    op.create_table(
        "idempotency",
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False, server_default="None:anonymous"),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("claimed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("image_ids", sa.Text, nullable=False),
        sa.Column("answer", sa.Text),
        sa.PrimaryKeyConstraint("pipeline", "caller", "key", name="idempotency_by_caller"),
    )
    columns = "pipeline, key, fingerprint, created_at_ms, owner, claimed_at_ms, image_ids, answer"
    op.execute(f"INSERT INTO idempotency ({columns}) SELECT {columns} FROM former_idempotency")  # noqa: S608 - constants
    op.drop_table("former_idempotency")
    op.create_index("idempotency_by_age", "idempotency", ["created_at_ms"])
