"""The stage in the index of dead letters by image: otherwise SQLite may search all dead letters of the stage."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Replace the index."""
    op.drop_index("dead_letters_of_image", "dead_letters")
    op.create_index("dead_letters_of_image", "dead_letters", ["pipeline", "image_id", "stage"])
