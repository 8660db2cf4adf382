"""The generation of a dead letter."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column. What is in the store is older than any replay."""
    op.add_column("dead_letters", sa.Column("generation", sa.Text))
