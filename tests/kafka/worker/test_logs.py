"""A worker's log lines about an image have its ids."""

import json
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Producer

from tests.support.models.bad_model import bad_model
from tests.support.services.stage import TriedStage, samples

Stage = Callable[..., TriedStage]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_every_line_about_a_bad_image_has_its_ids(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage={"maxAttempts": 2})
    producer = Producer({"bootstrap.servers": digits.settings.kafka.bootstrap_servers})
    topic = digits.settings.images_topic
    trace = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode())
    good = samples()[1]
    producer.produce(topic, good, headers=[("ce_id", b"good"), trace])
    producer.produce(topic, good[:60], headers=[("ce_id", b"cut-off"), trace])
    producer.produce(topic, good + b"RAISE", headers=[("ce_id", b"raises"), trace])
    producer.flush(30)
    worker = digits.worker(arguments=["--log-format", "json"], **bad_model(tmp_path / "hook"))
    digits.dead_letters(lambda found: len(found) == 2)
    log = worker.log.read_text().rpartition("\n")[0]  # the last line may be incomplete
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    where = {"topic": topic, "partition": 0, "trace_id": TRACE}
    failed = {line["image_id"]: line for line in lines if line["event"] == "image failed"}
    assert set(failed) == {"cut-off", "raises"}
    assert failed["cut-off"].items() >= {**where, "offset": 1, "reason": "DecodeError", "level": "warning"}.items()
    assert failed["raises"].items() >= {**where, "offset": 2, "reason": "InferenceError", "attempts": 2}.items()
    assert "ZeroDivisionError: the model can't" in failed["raises"]["message"]
    (again,) = (line for line in lines if line["event"] == "model failed, trying the image again")
    assert again.items() >= {**where, "image_id": "raises", "offset": 2, "loop": 0}.items()
    assert not any(line.get("image_id") == "good" for line in lines)
