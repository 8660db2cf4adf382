"""Dead letters by reason, without those that were redriven."""

from pathlib import Path

from sqlalchemy import insert

from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.status_rows import dead_letters_by_reason, last_errors, received_at
from darkroom_ingestion.store.tables import dead_letters, images, redrives

TOPIC, PIPELINE = "demo.digits.classify.dead-letters", "demo/digits"


def test_dead_letters_are_counted_by_reason_and_the_newest_listed(tmp_path: Path) -> None:
    letters = [
        {
            "topic": TOPIC,
            "partition": 0,
            "offset": offset,
            "pipeline": PIPELINE,
            "stage": "classify",
            "image_id": f"image-{offset}",
            "at_ms": 1_000 + offset,
            "reason": reason,
            "message": "m",
            "attempts": 1,
            "bytes": 1,
        }
        for offset, reason in enumerate(["DecodeError", "ModelFailed", "ModelFailed", "OutOfMemory"])
    ]
    redriven = {"topic": TOPIC, "partition": 0, "offset": 3, "replayed_at_ms": 1}
    database = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    try:
        database.write(lambda connection: connection.execute(insert(dead_letters), letters))
        database.write(lambda connection: connection.execute(insert(redrives), [redriven]))
        counts = database.read(lambda connection: dead_letters_by_reason(connection, PIPELINE, "classify"))
        newest = database.read(lambda connection: last_errors(connection, PIPELINE, "classify", 2))
        of_another = database.read(lambda connection: dead_letters_by_reason(connection, PIPELINE, "embed"))
    finally:
        database.close()
    assert list(counts.items()) == [("ModelFailed", 2), ("DecodeError", 1)]
    assert [(error.image_id, error.at_ms) for error in newest] == [("image-3", 1_003), ("image-2", 1_002)]
    assert of_another == {}


def test_only_times_of_images_in_the_store_are_known(tmp_path: Path) -> None:
    image = {
        "pipeline": PIPELINE,
        "id": "a",
        "received_at_ms": 7,
        "topic": "demo.digits.images",
        "partition": 1,
        "offset": 4,
        "content_type": "image/png",
        "bytes": 1,
    }
    database = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    try:
        database.write(lambda connection: connection.execute(insert(images), [image]))
        found = database.read(lambda connection: received_at(connection, "demo.digits.images", [(1, 4), (1, 5)]))
    finally:
        database.close()
    assert found == {(1, 4): 7}
