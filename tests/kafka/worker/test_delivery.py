"""Delivery while workers start, stop and are killed: nothing is lost or out of order."""

import json
import signal
import socket
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from confluent_kafka import Message, Producer, TopicPartition

from darkroom_inference.kafka import clients
from darkroom_inference.kafka.consumed import image_record
from darkroom_inference.kafka.contact import Contact
from darkroom_inference.kafka.errors import Interrupted
from darkroom_inference.kafka.marks import Mark
from darkroom_inference.kafka.offsets import Offsets
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.loop.assignment import Assignment, Position
from tests.support.services.stage import TriedStage, headers, image_ids, samples
from tests.support.until import until

Stage = Callable[..., TriedStage]


def numbered(count: int, keys: int = 60, first: int = 0) -> list[tuple[str, bytes, bytes]]:
    images = samples()
    return [(f"i{n:05}", f"key-{n % keys}".encode(), images[n % len(images)]) for n in range(first, first + count)]


def all_of(sent: Iterable[tuple[str, Any, Any]]) -> Callable[[list[Message]], bool]:
    wanted = {image_id for image_id, _, _ in sent}
    return lambda messages: wanted <= set(image_ids(messages))


def as_they_are(_messages: list[Message]) -> bool:
    return True


def by_key(messages: list[Message]) -> dict[bytes, list[str]]:
    """The image ids of every key, in the order of their first results."""
    ordered: dict[bytes, list[str]] = defaultdict(list)
    for image_id, message in zip(image_ids(messages), messages, strict=True):
        if image_id not in ordered[message.key() or b""]:
            ordered[message.key() or b""].append(image_id)
    return ordered


def is_in_order(messages: list[Message]) -> bool:
    return all(ids == sorted(ids) for ids in by_key(messages).values())


def test_a_result_event_matches_the_contract(stage: Stage) -> None:
    digits = stage()
    digits.send(
        [("one", b"camera-1", samples()[0])], headers={"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
    )
    digits.worker()
    (message,) = digits.results(all_of([("one", 0, 0)]))
    event = headers(message)
    assert message.key() == b"camera-1"
    assert event["ce_id"] == "one.classify"
    assert event["ce_type"] == "dev.darkroom.image.analyzed"
    assert event["ce_source"] == f"/darkroom/{digits.namespace}/digits/classify"
    assert event["ce_specversion"] == "1.0"
    assert event["content-type"] == "application/json"
    assert event["traceparent"] == "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    data = json.loads(message.value() or b"")
    assert data["imageId"] == "one"
    assert data["stage"] == "classify"
    assert data["model"]["name"] == "digits.onnx"
    assert data["image"] == {"width": 64, "height": 64, "format": "jpeg"}
    # The file's name has the true label: digit-0011-label-one.jpg.
    assert data["predictions"][0]["label"] == "one"
    assert data["source"] == {"topic": digits.settings.images_topic, "partition": message.partition(), "offset": 0}
    assert set(data["timings"]) == {"decodeMs", "preprocessMs", "inferenceMs"}
    assert data["worker"] == {"name": socket.gethostname(), "process": 0}


def test_an_image_without_key_and_headers_is_identified_by_its_position(stage: Stage) -> None:
    digits = stage(images={"partitions": 1})
    producer = Producer({"bootstrap.servers": digits.settings.kafka.bootstrap_servers})
    producer.produce(digits.settings.images_topic, samples()[0])
    producer.flush(30)
    digits.worker()
    (message,) = digits.results(lambda found: len(found) == 1)
    position = f"{digits.settings.images_topic}-0-0"
    assert message.key() == position.encode()
    assert headers(message)["ce_id"] == f"{position}.classify"


@pytest.mark.parametrize("delivery", ["AtLeastOnce", "ExactlyOnce"])
def test_a_worker_killed_in_the_middle_of_2000_images_loses_none(stage: Stage, delivery: str) -> None:
    digits = stage(stage={"delivery": delivery})
    sent = numbered(2000)
    first, second = digits.worker().ready(), digits.worker().ready()
    digits.send(sent)
    until(lambda: first.metric("darkroom_worker_images_total", outcome="analyzed") > 50, "the first worker at work")
    first.kill()
    results = digits.results(all_of(sent), meanwhile=first.keep_running)
    assert is_in_order(results)
    if delivery == "ExactlyOnce":
        assert sorted(image_ids(results)) == [image_id for image_id, _, _ in sent]
    assert digits.dead_letters(as_they_are) == []
    assert (first.end(), second.end()) == (0, 0)
    assert {number: offset for number, (offset, _) in digits.committed().items() if offset > 0} == digits.end_offsets()


def test_same_key_keeps_its_order_across_rebalances_with_12_partitions_and_3_workers(stage: Stage) -> None:
    digits = stage(images={"partitions": 12})
    sent = numbered(3000)
    workers = [digits.worker().ready() for _ in range(2)]
    digits.send(sent[:1500])
    workers.append(digits.worker().ready())
    digits.send(sent[1500:])
    assert workers[0].end() == 0
    results = digits.results(all_of(sent))
    assert set(by_key(results)) == {key for _, key, _ in sent}
    assert is_in_order(results)
    # Partitions were released gracefully, so no work was repeated.
    assert len(results) == len(sent)
    partitions = {message.partition() for message in results}
    assert len(partitions) > 6


def test_a_second_consumer_group_added_later_reads_everything(stage: Stage) -> None:
    digits = stage()
    sent = numbered(100)
    digits.send(sent)
    digits.worker()
    digits.results(all_of(sent))
    added = stage(name="again", namespace=digits.namespace)
    added.worker()
    results = added.results(all_of(sent))
    assert headers(results[0])["ce_id"].endswith(".again")


def test_a_resumed_zombie_publishes_no_duplicates(stage: Stage) -> None:
    """ExactlyOnce: a worker is stopped until its group has removed it, and then continues."""
    digits = stage(stage={"delivery": "ExactlyOnce"}, images={"partitions": 4})
    sent = numbered(3000)
    zombie, other = digits.worker().ready(), digits.worker().ready()
    digits.send(sent)
    until(lambda: zombie.metric("darkroom_worker_images_total", outcome="analyzed") > 50, "the zombie at work")
    zombie.signal(signal.SIGSTOP)
    digits.results(all_of(sent), timeout_s=120)
    zombie.signal(signal.SIGCONT)
    more = numbered(200, first=3000)
    digits.send(more)
    results = digits.results(all_of([*sent, *more]))
    assert sorted(image_ids(results)) == [image_id for image_id, _, _ in [*sent, *more]]
    assert is_in_order(results)
    until(lambda: zombie.get("/readyz")[0] == 200, "the zombie a member again", 60)
    assert (zombie.end(), other.end()) == (0, 0)


def test_a_partition_read_from_too_early_is_rewound_to_the_committed_offset(stage: Stage) -> None:
    """Librdkafka may start at the beginning of the log while a transaction of the previous owner is open."""
    digits = stage(images={"partitions": 1})
    digits.send(numbered(8))
    settings = digits.settings
    consumer = clients.consumer(settings, "test", "classic", lambda _error: None, lambda _statistics: None)
    metrics = Metrics()
    offsets = Offsets(consumer, Contact(consumer, settings), settings.images_topic, lambda _seconds: None, metrics, {})
    assignment = Assignment(LoopState(0), offsets, metrics)
    try:
        offsets.commit({0: (5, Mark(suspects=3, attempts=1, in_hand=True))})
        assignment.on_assign(consumer, [TopicPartition(settings.images_topic, 0)])
        consumer.assign([TopicPartition(settings.images_topic, 0, 0)])
        records = [image_record(message) for message in consumer.consume(8, 30)]
        assert records[0].offset == 0
        with pytest.raises(Interrupted, match="before their committed offsets"):
            assignment.take(records, 8)
        assert assignment.position(0) == Position(5, Mark(suspects=3, attempts=1, in_hand=True))
        assert offsets.committed([0])[0][0] == 5
    finally:
        consumer.close()
