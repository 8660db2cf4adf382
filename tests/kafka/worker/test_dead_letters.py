"""Images that can't be analysed become complete dead letters with a reason, and processing continues."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from tests.support.services.stage import TriedStage, WorkerProcess, headers, image_ids, samples
from tests.support.until import until

Stage = Callable[..., TriedStage]

GOOD = samples()[1]
BROKEN_JPEG = samples()[0][:300]


def about(*ids: str) -> Callable[[list[Message]], bool]:
    return lambda messages: set(ids) <= set(image_ids(messages))


def tried_again(worker: WorkerProcess) -> bool:
    return worker.metric("darkroom_worker_retries_total") >= 3


def set_topic(stage: TriedStage, topic: str, key: str, value: str) -> None:
    admin = AdminClient({"bootstrap.servers": stage.settings.kafka.bootstrap_servers})
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(30)


def test_a_bad_image_becomes_a_complete_dead_letter_and_the_next_is_analysed(stage: Stage) -> None:
    digits = stage(images={"partitions": 1})
    producer = Producer({"bootstrap.servers": digits.settings.kafka.bootstrap_servers})
    own = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"bad"),
        ("ce_type", b"dev.darkroom.image.received"),
        ("ce_source", b"/gate/7"),
        ("ce_time", b"2026-01-02T03:04:05Z"),
        ("content-type", b"image/jpeg"),
        ("traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-00"),
        ("x-camera", b"\xff\x00"),
    ]
    topic = digits.settings.images_topic
    producer.produce(topic, BROKEN_JPEG, key=b"gate", headers=list(own), timestamp=1_700_000_000_123)
    producer.produce(topic, GOOD, key=b"gate", headers=[("ce_id", b"good")])
    producer.flush(30)
    began = datetime.now(UTC) - timedelta(milliseconds=1)
    worker = digits.worker()
    digits.results(about("good"))
    (letter,) = digits.dead_letters(about("bad"))
    assert (letter.key(), letter.value()) == (b"gate", BROKEN_JPEG)
    found = cast("list[tuple[str, bytes]]", letter.headers())
    assert found[: len(own)] == [(n, b"dev.darkroom.image.failed" if n == "ce_type" else v) for n, v in own]
    added = {name: value.decode() for name, value in found[len(own) :]}
    failed_at = datetime.fromisoformat(added.pop("darkroom-error-failed-at"))
    assert began <= failed_at <= datetime.now(UTC)
    assert abs(letter.timestamp()[1] - failed_at.timestamp() * 1000) < 2
    assert "JPEG" in added.pop("darkroom-error-message")
    assert added == {
        "darkroom-error-reason": "DecodeError",
        "darkroom-error-stage": "classify",
        "darkroom-error-attempts": "1",
        "darkroom-error-source-topic": topic,
        "darkroom-error-source-partition": "0",
        "darkroom-error-source-offset": "0",
        "darkroom-error-source-timestamp": "2023-11-14T22:13:20.123Z",
    }
    assert worker.metric("darkroom_worker_images_total", outcome="failed", reason="DecodeError") == 1
    assert worker.metric("darkroom_worker_images_total", outcome="analyzed") == 1


def test_each_kind_of_bad_image_has_its_reason(stage: Stage) -> None:
    digits = stage(images={"maxBytes": "50k"}, stage={"delivery": "ExactlyOnce"})
    huge_bmp = (
        b"BM"
        + b"\0" * 12
        + (40).to_bytes(4, "little")
        + (20_000).to_bytes(4, "little") * 2
        + b"\x01\0\x18\0"
        + b"\0" * 24
    )
    digits.send(
        [
            ("text", b"k", b"this is no image"),
            ("empty", b"k", b""),
            ("large", b"k", GOOD + b"\0" * 60_000),
            ("pixels", b"k", huge_bmp),
            ("good", b"k", GOOD),
        ]
    )
    digits.worker()
    digits.results(about("good"))
    letters = digits.dead_letters(about("text", "empty", "large", "pixels"))
    reasons = {headers(letter)["ce_id"]: headers(letter)["darkroom-error-reason"] for letter in letters}
    assert reasons == {"text": "NotAnImage", "empty": "NotAnImage", "large": "TooLarge", "pixels": "TooManyPixels"}


def test_a_bad_record_without_headers_gets_the_attributes_of_an_event(stage: Stage) -> None:
    digits = stage(images={"partitions": 1})
    producer = Producer({"bootstrap.servers": digits.settings.kafka.bootstrap_servers})
    producer.produce(digits.settings.images_topic, b"nonsense")
    producer.produce(digits.settings.images_topic, None, key=b"tombstone")
    producer.flush(30)
    digits.worker()
    first, tombstone = digits.dead_letters(lambda found: len(found) == 2)
    assert headers(first)["ce_id"] == f"{digits.settings.images_topic}-0-0"
    assert headers(first)["ce_type"] == "dev.darkroom.image.failed"
    assert headers(first)["ce_specversion"] == "1.0"
    assert headers(first)["ce_source"] == f"/darkroom/{digits.namespace}/digits"
    assert first.key() is None
    assert (tombstone.key(), tombstone.value()) == (b"tombstone", None)


def test_images_in_structured_mode_are_analysed(stage: Stage) -> None:
    digits = stage(images={"partitions": 1})
    producer = Producer({"bootstrap.servers": digits.settings.kafka.bootstrap_servers})
    mode = [("content-type", b"application/cloudevents+json; charset=utf-8")]
    for image_id, image in (("good", GOOD), ("bad", BROKEN_JPEG)):
        event = {
            "specversion": "1.0",
            "id": image_id,
            "source": "/gate/7",
            "type": "dev.darkroom.image.received",
            "datacontenttype": "image/png",
            "data_base64": base64.b64encode(image).decode(),
        }
        producer.produce(digits.settings.images_topic, json.dumps(event), headers=list(mode))
    producer.flush(30)
    digits.worker()
    (result,) = digits.results(about("good"))
    (letter,) = digits.dead_letters(about("bad"))
    assert json.loads(result.value() or b"")["imageId"] == "good"
    # In binary mode, so that the value is the image for all readers.
    assert letter.value() == BROKEN_JPEG
    assert headers(letter)["content-type"] == "image/png"
    assert headers(letter)["ce_source"] == "/gate/7"


def test_an_image_for_another_stage_is_skipped(stage: Stage) -> None:
    digits = stage(images={"partitions": 1})
    digits.send([("theirs", b"k", GOOD)], headers={"darkroom-target-stage": "embed"})
    digits.send([("ours", b"k", GOOD)], headers={"darkroom-target-stage": "classify", "darkroom-generation": "2"})
    worker = digits.worker()
    (result,) = digits.results(about("ours"))
    assert headers(result)["ce_id"] == "ours.classify@2"
    assert worker.metric("darkroom_worker_images_total", outcome="skipped") == 1
    assert digits.committed()[0][0] == 2


def test_a_result_too_large_for_its_topic_becomes_a_dead_letter(stage: Stage) -> None:
    """With the pipeline's limit, the result is not sent. If the topic was changed, the broker refuses it."""
    for delivery in ("AtLeastOnce", "ExactlyOnce"):
        for known in (True, False):
            config = {"max.message.bytes": 300} if known else {}
            digits = stage(
                images={"partitions": 1},
                stage={
                    "output": {"type": "Tensor"},  # a tensor is never cut to fit
                    "delivery": delivery,
                    "results": {"config": config},
                },
            )
            set_topic(digits, digits.settings.results_topic, "max.message.bytes", "300")
            digits.send([("one", b"k", GOOD), ("bad", b"k", b"nonsense"), ("two", b"k", GOOD)])
            digits.worker()
            letters = digits.dead_letters(about("one", "bad", "two"))
            reasons = [headers(letter)["darkroom-error-reason"] for letter in letters]
            assert reasons.count("ResultTooLarge") == 2, (delivery, known)
            assert (digits.committed()[0][0], len(letters)) == (3, 3)
            assert digits.results(lambda _found: True) == []
            digits.close()


def test_an_image_whose_dead_letter_can_not_be_written_is_retried(stage: Stage) -> None:
    for delivery in ("AtLeastOnce", "ExactlyOnce"):
        digits = stage(images={"partitions": 1}, stage={"delivery": delivery})
        set_topic(digits, digits.settings.dead_letters_topic, "max.message.bytes", "500")
        digits.send([("good", b"k", GOOD), ("bad", b"k", BROKEN_JPEG * 4), ("next", b"k", GOOD)])
        worker = digits.worker()
        until(partial(tried_again, worker), "tried again", 60)
        assert digits.committed()[0][0] < 2
        assert worker.get("/healthz")[0] == 200
        set_topic(digits, digits.settings.dead_letters_topic, "max.message.bytes", "100000")
        results = digits.results(about("good", "next"))
        (letter,) = digits.dead_letters(about("bad"))
        assert letter.value() == BROKEN_JPEG * 4
        assert json.loads(results[-1].value() or b"")["imageId"] == "next"
        digits.close()
