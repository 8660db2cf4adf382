"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "about",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    _images()
    _results()
    _dead_letters()
    op.create_table(
        "positions",
        *_place(primary_key=True, offset="next_offset", offset_is_key=False),
        sa.Column("topic_id", sa.Text, nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("claimed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("image_ids", sa.Text, nullable=False),
        sa.Column("answer", sa.Text),
    )
    op.create_index("idempotency_by_age", "idempotency", ["created_at_ms"])


def _images() -> None:
    op.create_table(
        "images",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
        *_place(primary_key=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
    op.create_index("images_in_log", "images", ["topic", "partition", "offset"])


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("score", sa.Float),
        *_place(primary_key=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("results_of_image", "results", ["pipeline", "image_id"])
    op.create_index("results_by_time", "results", ["pipeline", "at_ms", "event_id"])
    op.create_index("results_by_stage", "results", ["pipeline", "stage", "at_ms", "event_id"])
    op.create_index("results_by_label", "results", ["pipeline", "label", "at_ms", "event_id"])
    op.create_index("results_by_stage_and_label", "results", ["pipeline", "stage", "label", "at_ms", "event_id"])
    op.create_index("results_in_log", "results", ["topic", "partition", "offset"])


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        *_place(primary_key=True),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("image_id", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failed_at", sa.Text),
        sa.Column("content_type", sa.Text),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("source_topic", sa.Text),
        sa.Column("source_partition", sa.Integer),
        sa.Column("source_offset", sa.BigInteger),
    )
    position = ["topic", "partition", "offset"]
    op.create_index("dead_letters_of_image", "dead_letters", ["pipeline", "image_id"])
    op.create_index("dead_letters_by_time", "dead_letters", ["pipeline", "at_ms", *position])
    op.create_index("dead_letters_by_stage", "dead_letters", ["pipeline", "stage", "at_ms", *position])
    op.create_table(
        "replays",
        *_place(primary_key=True),
        sa.Column("replayed_at_ms", sa.BigInteger, nullable=False),
    )


def _place(*, primary_key: bool, offset: str = "offset", offset_is_key: bool = True) -> list[sa.Column[object]]:
    return [
        sa.Column("topic", sa.Text, primary_key=primary_key, nullable=False),
        sa.Column("partition", sa.Integer, primary_key=primary_key, nullable=False, autoincrement=False),
        sa.Column(
            offset, sa.BigInteger, primary_key=primary_key and offset_is_key, nullable=False, autoincrement=False
        ),
    ]
