"""For replays: the generation of a dead letter, and an index to find the newest result of an image."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and the index. Existing rows are from before the first replay."""
    op.add_column("dead_letters", sa.Column("generation", sa.Text))
    op.drop_index("results_of_image", "results")
    order = ["at_ms", "partition", "offset"]
    op.create_index("results_of_image", "results", ["pipeline", "image_id", "stage", *order])
