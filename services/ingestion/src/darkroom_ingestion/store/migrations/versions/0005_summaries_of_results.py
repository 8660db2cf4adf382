"""The summary of a result in a column of its own, so that lists of results are written without parsing them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. Summaries of results that were read before are made when they are listed."""
    op.add_column("results", sa.Column("summary", sa.Text))
