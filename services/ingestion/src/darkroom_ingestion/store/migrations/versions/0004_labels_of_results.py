"""Labels of results in a table of their own: a result has as many as there are kinds of objects in its image."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COLUMNS = "pipeline, event_id, label, stage, at_ms, topic, partition"


def upgrade() -> None:
    """Create the table and move the labels there. Results that were read before have that of their best prediction."""
    op.create_table(
        "result_labels",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("label", sa.Text, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
    )
    op.execute(
        f'INSERT INTO result_labels ({_COLUMNS}, "offset") '  # noqa: S608 - a constant
        f'SELECT {_COLUMNS}, "offset" FROM results WHERE label IS NOT NULL'
    )
    op.create_index("result_labels_by_time", "result_labels", ["pipeline", "label", "at_ms", "event_id"])
    op.create_index("result_labels_by_stage", "result_labels", ["pipeline", "stage", "label", "at_ms", "event_id"])
    op.create_index("result_labels_in_log", "result_labels", ["topic", "partition", "offset"])
    op.drop_index("results_by_label", "results")
    op.drop_index("results_by_stage_and_label", "results")
    op.drop_column("results", "label")
    op.drop_column("results", "score")
