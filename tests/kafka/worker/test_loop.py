"""A loop that has no partitions, or missed a change of them, rejoins its group when images are not processed."""

import logging
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient
from structlog.testing import capture_logs
from structlog.typing import EventDict

from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings
from darkroom_cli.local_kafka import Listener, LocalKafka
from darkroom_inference.kafka import clients
from tests.support.network.tcp_proxy import TcpProxy
from tests.support.services.loop import TriedLoop
from tests.support.services.stage import TriedStage, image_ids, samples
from tests.support.until import until

Stage = Callable[..., TriedStage]

IMAGES = [(f"i{n}", b"k", samples()[1]) for n in range(10)]


def test_a_spare_loop_is_ready_to_take_over(stage: Stage) -> None:
    digits = stage(images={"partitions": 1})
    digits.worker().ready()
    with TriedLoop(digits.settings) as spare:
        until(lambda: spare.state.is_spare, "it is a spare")
        assert spare.state.partitions == 0


def test_a_loop_without_partitions_rejoins_if_images_are_not_processed(stage: Stage) -> None:
    digits = stage(images={"partitions": 1})
    digits.send(IMAGES)
    silent = member(digits.settings, "silent")
    silent.subscribe([digits.settings.images_topic])
    assert silent.consume(1, 30)
    with capture_logs() as logs, TriedLoop(digits.settings) as loop:
        until(loop.replaced_clients, "rejoined")
        assert says(logs, "no member processes partitions [0], and this loop has none")
        silent.close()
        assert_all_answered(digits)


def test_a_loop_that_missed_an_assignment_rejoins_and_shares_its_partitions(
    stage: Stage, fresh_kafka: Callable[..., LocalKafka], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with TcpProxy() as proxy:
        # The group keeps the loop while its connection is cut, however slow the machine is.
        patient = {"group.consumer.session.timeout.ms": "30000"}
        kafka = fresh_kafka(listeners=(Listener("PROXIED", advertised=proxy.address),), properties=patient)
        proxy.forward(int(kafka.address("PROXIED").rpartition(":")[2]))
        digits = stage(bootstrap_servers=proxy.address, images={"partitions": 2})
        with capture_logs() as logs, TriedLoop(digits.settings) as loop:
            until(lambda: loop.state.partitions == 2, "it has all partitions")
            connection = KafkaConnection(bootstrap_servers=kafka.bootstrap_servers)
            other = member(digits.settings.model_copy(update={"kafka": connection}), "other")
            # Heartbeats are delayed until the loop has abandoned their responses, one of which revokes a partition.
            proxy.cut()
            other.subscribe([digits.settings.images_topic])
            until(lambda: other.poll(0.1) or (other.memberid() and members(kafka, digits) == 2), "another joined", 20)
            until(lambda: "Timed out" in caplog.text, "an answer is given up", 20)
            proxy.heal()
            until(lambda: other.poll(0.1) or other.assignment(), "it has its share", 90)
            assert says(logs, "the group has assigned partitions [0, 1] to this loop")
            other.close()
            digits.send(IMAGES)
            assert_all_answered(digits)


def member(settings: StageSettings, client_id: str) -> Consumer:
    """Another member of the stage's group."""
    return clients.consumer(settings, client_id, "consumer", lambda _error: None, lambda _statistics: None)


def members(kafka: LocalKafka, tried: TriedStage) -> int:
    group = tried.settings.consumer_group
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    return len(admin.describe_consumer_groups([group], request_timeout=5)[group].result(5).members)


def says(logs: list[EventDict], words: str) -> bool:
    """Whether the clients were replaced for that reason."""
    return any(words in entry["error"] for entry in logs if entry["event"] == "replacing the kafka clients")


def assert_all_answered(digits: TriedStage) -> None:
    wanted = {image_id for image_id, _, _ in IMAGES}
    digits.results(lambda found: wanted <= set(image_ids(found)))
