"""Counts by time, and columns and indexes to filter images by their results.

The rows of these tables are made from the rows of the results when the store is opened: see `store.counts.derived`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_WITH_KEY = sa.text("key IS NOT NULL")


def upgrade() -> None:
    """Add columns and indexes, and create the tables of counts and labels anew."""
    op.add_column("results", sa.Column("label", sa.Text))
    op.add_column("results", sa.Column("score", sa.Double))
    op.add_column("results", sa.Column("objects", sa.Integer))
    op.create_index("images_by_time", "images", ["pipeline", "received_at_ms", "id"])
    by_key = ["pipeline", "key", "received_at_ms", "id"]
    op.create_index("images_by_key", "images", by_key, sqlite_where=_WITH_KEY, postgresql_where=_WITH_KEY)
    _labels()
    op.create_table(
        "counts",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("seconds", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("start_s", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stage", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _labels() -> None:
    op.drop_table("result_labels")
    op.create_table(
        "result_labels",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("label", sa.Text, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("score", sa.Double),
    )
    op.create_index("result_labels_by_time", "result_labels", ["pipeline", "label", "at_ms", "event_id"])
    op.create_index("result_labels_by_stage", "result_labels", ["pipeline", "stage", "label", "at_ms", "event_id"])
