"""Share groups of a real Kafka, and one in which they are disabled."""

import socket
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from confluent_kafka.admin import AdminClient

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.features import SHARE_VERSION, finalized_features, share_groups_problem
from darkroom.topology import topology
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.local_kafka import LocalKafka
from darkroom_cli.runner.kafka import prepare
from tests.support.kafka import SharedKafka
from tests.support.manifests import pipeline_manifest
from tests.support.services.command_line import darkroom
from tests.support.services.stage import TriedStage
from tests.support.until import until


def test_the_features_of_a_broker_are_read(kafka: SharedKafka) -> None:
    assert finalized_features(kafka.bootstrap_servers, {}, 10.0)[SHARE_VERSION] == 1
    assert share_groups_problem({"bootstrap.servers": kafka.bootstrap_servers}, 10.0) is None


def test_without_share_groups_mode_queue_is_refused_with_the_command_that_enables_them(
    fresh_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    broker = fresh_kafka()
    server = broker.bootstrap_servers
    _disable(server, SHARE_VERSION)
    until(lambda: share_groups_problem({"bootstrap.servers": server}, 10.0), "share groups are disabled")

    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["mode"] = "Queue"
    file = tmp_path / "pipeline.yaml"
    file.write_text(yaml.safe_dump(manifest))
    enabling = f"kafka-features.sh --bootstrap-server {server} upgrade --feature share.version=1"
    ran = darkroom("doctor", "--file", file, "--bootstrap-servers", server, "--json")
    (found,) = [one for one in ran.json["checks"] if one["check"] == "share groups"]
    assert (ran.code, found["state"]) == (1, "Problem")
    assert enabling in found["message"]

    plan = topology(parse_pipeline(manifest))
    with pytest.raises(InvalidInput, match="has no share groups"):
        prepare(KafkaConnection(bootstrap_servers=server), [plan])
    assert plan.images.name not in AdminClient({"bootstrap.servers": server}).list_topics(timeout=30).topics

    with closing(TriedStage(server, tmp_path, stage={"mode": "Queue"})) as stage:
        worker = stage.worker()
        assert worker.process.wait(60) == 2
        last = worker.said().splitlines()[-1]
        assert last.startswith('stage "classify": Kafka at ')
        assert enabling in last


def _disable(address: str, feature: str) -> None:
    """Send UpdateFeatures, version 1, with level 0: no client in Python has this request."""
    host, _, port = address.rpartition(":")
    name = feature.encode()
    update = bytes([len(name) + 1]) + name + struct.pack(">hb", 0, 2) + b"\0"  # a downgrade that loses nothing
    body = struct.pack(">i", 10_000) + b"\x02" + update + b"\0" + b"\0"
    header = struct.pack(">hhih", 57, 1, 0, -1) + b"\0"
    with socket.create_connection((host, int(port)), 10.0) as connection:
        connection.sendall(struct.pack(">i", len(header + body)) + header + body)
        response = connection.recv(4_096)
    code = int.from_bytes(response[4 + 4 + 1 + 4 : 4 + 4 + 1 + 4 + 2], "big")
    assert code == 0, response
