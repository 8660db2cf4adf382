"""The Kafka of `darkroom kafka start` and of `darkroom up`."""

import asyncio
import signal
import subprocess
from pathlib import Path

from confluent_kafka.admin import AdminClient

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.log import TopicPartition, log_beginnings
from darkroom.topology import Topology, topology
from darkroom_cli.runner.kafka import prepare
from darkroom_cli.runner.own_kafka import OwnKafka
from tests.support.manifests import pipeline_manifest
from tests.support.services.command_line import DARKROOM, darkroom, processes_of


def test_it_runs_until_ctrl_c_and_leaves_no_process_behind(tmp_path: Path) -> None:
    # With SIGINT ignored, like a background job of a script.
    command = ["sh", "-c", 'trap \'\' INT; exec "$0" "$@"', DARKROOM, "kafka", "start", "--port", "0"]
    process = subprocess.Popen([*command, "--data-dir", tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.removeprefix("ready: ").strip()
        assert line == f"ready: {address}\n"
        assert AdminClient({"bootstrap.servers": address}).list_topics(timeout=20).brokers
        port = address.rpartition(":")[2]
        second = darkroom("kafka", "start", "--port", port)
        assert second.code == 1
        assert f"port {port}" in second.errors[-1]
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        assert processes_of(tmp_path) == {}
    finally:
        process.kill()
        process.wait()


def test_topics_and_groups_of_a_new_kafka_answer_when_services_start(tmp_path: Path) -> None:
    planned = topology(parse_pipeline(pipeline_manifest(stages=["a", "b", "c"])))
    partitions = [TopicPartition(topic.name, number) for topic in planned.topics for number in range(topic.partitions)]
    assert asyncio.run(_answers(tmp_path / "kafka", planned, partitions)) == dict.fromkeys(partitions, 0)


async def _answers(folder: Path, planned: Topology, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    """The beginnings of `partitions` at the first question, from a new Kafka with their topics."""
    kafka = OwnKafka(folder)
    kafka.launch()
    try:
        await kafka.healthy()
        connection = KafkaConnection(bootstrap_servers=kafka.bootstrap_servers)
        await asyncio.gather(kafka.coordinating(), asyncio.to_thread(prepare, connection, [planned]))
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        (group,) = admin.describe_consumer_groups(["any"], request_timeout=1).values()
        group.result()
        return log_beginnings(admin, partitions, 1)
    finally:
        await kafka.stop()
