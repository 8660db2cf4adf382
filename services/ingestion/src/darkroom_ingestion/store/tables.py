"""The tables. All rows can be rebuilt from the log, except idempotency keys and redrive jobs."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()

about = Table(
    "about",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

images = Table(
    "images",
    metadata,
    Column("pipeline", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("key", Text),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Index("images_in_log", "topic", "partition", "offset"),
    Index("images_by_time", "pipeline", "received_at_ms", "id"),
    Index(
        "images_by_key",
        "pipeline",
        "key",
        "received_at_ms",
        "id",
        sqlite_where=text("key IS NOT NULL"),
        postgresql_where=text("key IS NOT NULL"),
    ),
)

results = Table(
    "results",
    metadata,
    Column("pipeline", Text, primary_key=True),
    # The CloudEvents id: a result that is published twice is kept once.
    Column("event_id", Text, primary_key=True),
    Column("image_id", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    # The result in one line. Null in rows of versions that did not store it.
    Column("summary", Text),
    # The best prediction or largest class, and the number of them; the score of a text or an anomaly.
    Column("label", Text),
    Column("score", Double),
    Column("objects", Integer),
    # Also used to check, for every row of a page, whether the image has a later result of the same stage.
    Index("results_of_image", "pipeline", "image_id", "stage", "at_ms", "partition", "offset"),
    Index("results_by_time", "pipeline", "at_ms", "event_id"),
    Index("results_by_stage", "pipeline", "stage", "at_ms", "event_id"),
    Index("results_in_log", "topic", "partition", "offset"),
)

# The labels that a result is found by, with the greatest score of each.
result_labels = Table(
    "result_labels",
    metadata,
    Column("pipeline", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("score", Double),
    Index("result_labels_by_time", "pipeline", "label", "at_ms", "event_id"),
    Index("result_labels_by_stage", "pipeline", "stage", "label", "at_ms", "event_id"),
)

# How many rows of the tables above there are, by time: see `counts.changes`.
counts = Table(
    "counts",
    metadata,
    Column("pipeline", Text, primary_key=True),
    # The length of the time that is counted, and its start since 1970.
    Column("seconds", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("start_s", BigInteger, primary_key=True, autoincrement=False),
    # Empty for images.
    Column("stage", Text, primary_key=True),
    # The label, the reason, or the number of the bucket of latencies; empty for other kinds.
    Column("name", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("pipeline", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("image_id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failed_at", Text),
    # The replay in which the stage failed; null in live work.
    Column("generation", Text),
    Column("content_type", Text),
    Column("bytes", BigInteger, nullable=False),
    Column("source_topic", Text),
    Column("source_partition", Integer),
    Column("source_offset", BigInteger),
    Index("dead_letters_of_image", "pipeline", "image_id", "stage"),
    Index("dead_letters_by_time", "pipeline", "at_ms", "topic", "partition", "offset"),
    Index("dead_letters_by_stage", "pipeline", "stage", "at_ms", "topic", "partition", "offset"),
    Index("dead_letters_by_reason", "pipeline", "reason", "at_ms", "topic", "partition", "offset"),
    Index("dead_letters_by_stage_and_reason", "pipeline", "stage", "reason", "at_ms", "topic", "partition", "offset"),
)

# Separate from the dead letters, because a redrive may be read from the log before its letter.
redrives = Table(
    "replays",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("replayed_at_ms", BigInteger, nullable=False),
)

# The process that is redriving a dead letter, and since when.
redrive_claims = Table(
    "redrive_claims",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", Text, nullable=False),
    Column("claimed_at_ms", BigInteger, nullable=False),
)

# A redrive in the background. `position` is the last dead letter that it has dealt with.
redrive_jobs = Table(
    "redrive_jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pipeline", Text, nullable=False),
    Column("stage", Text, nullable=False),
    # The request's selection of dead letters, as JSON.
    Column("selection", Text, nullable=False),
    Column("rate_per_second", Double, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("matched", BigInteger, nullable=False),
    Column("redriven", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("message", Text),
    Column("started_at_ms", BigInteger, nullable=False),
    Column("finished_at_ms", BigInteger),
    Column("position", Text),
    # The process that works on it, and when it last said so.
    Column("owner", Text),
    Column("claimed_at_ms", BigInteger, nullable=False),
    Index("redrive_jobs_by_time", "pipeline", "started_at_ms", "id"),
    Index(
        "redrive_jobs_running",
        "pipeline",
        "stage",
        unique=True,
        sqlite_where=text("state = 'Running'"),
        postgresql_where=text("state = 'Running'"),
    ),
)

positions = Table(
    "positions",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    # Identifies the topic: a topic that was deleted and recreated is read from its beginning.
    Column("topic_id", Text, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("pipeline", Text, primary_key=True),
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    # The process that performs the request, and since when; null if none does.
    Column("owner", Text),
    Column("claimed_at_ms", BigInteger, nullable=False),
    Column("image_ids", Text, nullable=False),
    # The response as JSON; null until all images are acknowledged.
    Column("answer", Text),
    Index("idempotency_by_age", "created_at_ms"),
)
