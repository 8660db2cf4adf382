"""Indexes to find the dead letters with a reason."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the indexes."""
    order = ["at_ms", "topic", "partition", "offset"]
    op.create_index("dead_letters_by_reason", "dead_letters", ["pipeline", "reason", *order])
    op.create_index("dead_letters_by_stage_and_reason", "dead_letters", ["pipeline", "stage", "reason", *order])
