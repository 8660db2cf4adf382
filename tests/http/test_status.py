"""GET …/status with a real broker and real consumers."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from darkroom import names
from darkroom.kafka.topics import delete_topics
from darkroom_cli.local_kafka import LocalKafka
from tests.support.kafka import SharedKafka
from tests.support.services.command_line import darkroom
from tests.support.services.ingestion import DEADLINE_S, Pipeline, Service, accepted, make_pipeline
from tests.support.until import until

StartService = Callable[..., Service]


def status(service: Service, pipeline: Pipeline) -> dict[str, Any]:
    with service.client as client:
        answer = client.get(f"{pipeline.path}/status")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def stage(document: dict[str, Any], name: str = "classify") -> dict[str, Any]:
    (found,) = (one for one in document["stages"] if one["name"] == name)
    return dict(found)


@contextmanager
def worker(pipeline: Pipeline, host: str) -> Iterator[Consumer]:
    """A member of the group of `classify`, named as the workers name theirs."""
    consumer = Consumer(
        {
            "bootstrap.servers": pipeline.bootstrap_servers,
            "client.id": f"{host}-{uuid.uuid4().hex[:12]}-0",
            "group.id": names.consumer_group(pipeline.namespace, pipeline.name, "classify"),
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([pipeline.images_topic])
    try:
        yield consumer
    finally:
        consumer.close()


def read_one(consumer: Consumer) -> None:
    """Consume and commit one image."""
    message = until(lambda: consumer.poll(0.2), "an image")
    assert message is not None
    assert not message.error()
    consumer.commit(message, asynchronous=False)


def test_of_a_queue_the_lag_is_unknown_with_the_reason(start_service: StartService, kafka: SharedKafka) -> None:
    pipeline = make_pipeline(kafka.bootstrap_servers)
    pipeline.manifest["spec"]["stages"][0]["mode"] = "Queue"
    service = start_service(pipeline)
    images = [accepted(service, pipeline) for _ in range(3)]
    status(service, pipeline)  # the first sample, from which the rate is measured
    pipeline.analyze(images[0])
    document = until(
        lambda: d if stage(d := status(service, pipeline))["ratePerSecond"] else None, "the rate is known", every_s=0.5
    )
    found = stage(document)
    group = names.share_group(pipeline.namespace, pipeline.name, "classify")
    assert (found["mode"], found["consumerGroup"]) == ("Queue", group)
    assert (found["lag"], found["groupState"], found["workers"], found["advice"]) == (None, None, [], [])
    assert {one["lag"] for one in found["partitions"]} == {None}
    assert f"kafka-share-groups.sh --describe --group {group}" in found["lagUnknown"]

    ran = darkroom("status", f"{pipeline.namespace}/{pipeline.name}", "--url", f"http://127.0.0.1:{service.port}")
    said = " ".join(ran.out.split())
    assert ran.code == 0, ran.out
    assert "classify: The lag and the workers of a share group can't be read by this service yet." in said


def test_workers_partitions_lag_and_the_oldest_waiting_image(start_service: StartService, two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    images = [accepted(service, two_stages, params={"key": "camera-7"}) for _ in range(3)]
    oldest = until(lambda: stage(status(service, two_stages))["oldestWaitingAt"], "the oldest waiting image is known")
    assert oldest.endswith("Z")

    with worker(two_stages, "pod-a") as consumer:
        read_one(consumer)
        document = until(
            lambda: d if stage(d := status(service, two_stages))["lag"] == 2 else None, "the lag falls", every_s=0.5
        )
        found = stage(document)
        partition = images[0]["partition"]
        assert found["groupState"] == "Stable"
        assert [(one["host"], one["partitions"]) for one in found["workers"]] == [("pod-a", [0, 1, 2])]
        assert found["partitions"][partition] == {
            "partition": partition,
            "committed": 1,
            "end": 3,
            "lag": 2,
            "worker": found["workers"][0]["id"],
        }
        assert found["oldestWaitingAt"] > oldest
        assert found["ratePerSecond"] is not None
    assert document["images"]["partitions"][partition] == {"partition": partition, "beginning": 0, "end": 3}
    assert document["conditions"] is None
    assert stage(document, "embed")["lag"] == 3
    assert any("No worker" in sentence for sentence in stage(document, "embed")["advice"])


def test_dead_letters_by_reason_without_those_that_were_redriven(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline)
    first, second, third = (accepted(service, pipeline) for _ in range(3))
    pipeline.fail(first, reason="DecodeError")
    pipeline.fail(second, reason="DecodeError")
    pipeline.fail(third, reason="OutOfMemory")
    counted = [{"reason": "DecodeError", "count": 2}, {"reason": "OutOfMemory", "count": 1}]
    document = until(
        lambda: d if stage(d := status(service, pipeline))["deadLetters"]["total"] == 3 else None, "three", every_s=0.5
    )
    assert stage(document)["deadLetters"]["byReason"] == counted
    assert {one["image"] for one in stage(document)["lastErrors"]} == {image["id"] for image in (first, second, third)}

    with service.client as client:
        client.post(f"{pipeline.path}/dead-letters/redrive", json={"stage": "classify", "reason": "OutOfMemory"})
    until(lambda: stage(status(service, pipeline))["deadLetters"]["byReason"] == counted[:1], "less", every_s=0.5)


def test_callers_share_a_sample_for_two_seconds(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    until(lambda: stage(status(service, pipeline))["ratePerSecond"] is not None, "two samples", every_s=0.5)
    before = status(service, pipeline)
    started = time.monotonic()
    accepted(service, pipeline)
    after = status(service, pipeline)
    assert after == before or time.monotonic() - started > 1


def test_a_missing_topic_and_an_unknown_pipeline(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    delete_topics(AdminClient({"bootstrap.servers": pipeline.bootstrap_servers}), [pipeline.images_topic])
    document = until(
        lambda: d if "does not exist" in " ".join((d := status(service, pipeline))["advice"]) else None,
        "missing",
        every_s=0.5,
    )
    assert stage(document)["lag"] is None
    assert document["images"]["partitions"] == []
    with service.client as client:
        assert client.get(f"{pipeline.path}x/status").status_code == 404


@pytest.fixture
def broker(fresh_kafka: Callable[..., LocalKafka]) -> LocalKafka:
    broker = fresh_kafka()
    broker.start()
    return broker


def test_without_a_broker_the_lag_is_unknown_and_the_answer_is_quick(
    broker: LocalKafka, start_service: StartService
) -> None:
    pipeline = make_pipeline(broker.bootstrap_servers)
    service = start_service(pipeline)
    assert stage(status(service, pipeline))["lag"] == 0
    broker.stop()
    started = time.monotonic()
    document = until(lambda: d if (d := status(service, pipeline))["advice"] else None, "Kafka is away")
    assert time.monotonic() - started < DEADLINE_S
    assert f"Kafka does not respond at {broker.bootstrap_servers}" in document["advice"][0]
    found = stage(document)
    assert (found["lag"], found["groupState"], found["partitions"], found["advice"]) == (None, None, [], [])
    assert document["images"]["ratePerSecond"] is None
